"""report.html: one self-contained page about several runs, and its pictures as PNG files."""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from reid_lightning.files import replaced_atomically
from reid_lightning.report.comparison import compare_scores, compare_settings
from reid_lightning.report.figures.curves import cmc_curves, learning_curves
from reid_lightning.report.figures.heat_map import HEAT_MAP_FILE, plot_heat_map, score_grid
from reid_lightning.report.figures.score_plot import score_plot
from reid_lightning.report.picture import save_plot
from reid_lightning.report.run_section import run_section
from reid_lightning.results.runs import Run, read_runs
from reid_lightning.results.sweep_summary import sweep_rows

REPORT_FILE = "report.html"
_TEMPLATE = Path(__file__).with_name("page.html")


def write_report(paths: Sequence[Path], folder: Path) -> Path:
    """Write `report.html` about the runs and sweeps in `paths`, and its pictures, into `folder`.

    Returns:
        The page's path.

    Raises:
        ReIDError: there is no run in one of `paths`. What cannot be read of a run is said on the
            page.
    """
    runs = read_runs(paths)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "scores.png": (score_plot(runs) if len(runs) > 1 else None, "scores of all runs"),
        "curves.png": (learning_curves(runs), "learning curves of all runs"),
        "cmc.png": (cmc_curves(runs), "CMC curves of all runs"),
    }
    rows = sweep_rows(paths[0]) if len(paths) == 1 else []
    if grid := score_grid(rows) if rows else None:
        figures[HEAT_MAP_FILE] = (plot_heat_map(grid), "scores of all pairs of values")
    shared_pictures = [
        save_plot(f, folder / name, alt) for name, (f, alt) in figures.items() if f is not None
    ]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    html = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=" · ".join(path.absolute().name for path in paths),
        about=_about(runs),
        scores=compare_scores(runs),
        without_score=[(run.name, run.status) for run in runs if not run.results],
        problems=[(run.name, problem) for run in runs for problem in run.problems],
        shared_pictures=shared_pictures,
        settings=compare_settings(runs),
        single_run=len(runs) == 1,
        sections=[
            run_section(r, folder / _folder_name(n, r)) for n, r in enumerate(runs) if r.results
        ],
    )
    with replaced_atomically(folder / REPORT_FILE) as partial:
        # Text from files may hold halves of characters, which UTF-8 has no code for.
        partial.write_text(html, encoding="utf-8", errors="backslashreplace")
    return folder / REPORT_FILE


def _about(runs: Sequence[Run]) -> str:
    hashes = {run.results.get("git_revision") for run in runs if run.results} - {None}
    revisions = sorted(re.sub(r"(?<=^\w{12})\w*", "", str(revision)) for revision in hashes)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{count} of reid-lightning" + (
        f", revision {', '.join(revisions)}" if revisions else ""
    )


def _folder_name(number: int, run: Run) -> str:
    """The name of a run's folder of pictures, valid in any file system."""
    return re.sub(r"[^\w.=-]+", "_", f"run_{number}_{run.name}")[:100]
