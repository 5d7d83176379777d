"""report.html: one self-contained page about several runs, and its figures and tables as files."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reid_lightning.files import replaced_atomically
from reid_lightning.report.facts import facts_of
from reid_lightning.report.figures.curves import cmc_curves, learning_curves
from reid_lightning.report.figures.det_plot import compare_det
from reid_lightning.report.figures.heat_map import HEAT_MAP_FILE, plot_heat_map, score_grid
from reid_lightning.report.figures.match_plot import match_plot
from reid_lightning.report.figures.score_plot import score_plot
from reid_lightning.report.open_set import open_set_scores
from reid_lightning.report.picture import Picture, save_plot
from reid_lightning.report.rows import Row, rows_of
from reid_lightning.report.run_section import run_section
from reid_lightning.report.score_table import compare_scores, list_runs, order_key, order_rows
from reid_lightning.report.settings import compare_settings
from reid_lightning.report.table import Table, csv_text, save_tables
from reid_lightning.report.two_rows import compare_rows
from reid_lightning.report.viewer import QUERIES_FILE, queries_json
from reid_lightning.results.runs import Run, read_runs
from reid_lightning.results.sweep_summary import sweep_rows

REPORT_FILE = "report.html"
_MOST_NAMES = 6  # in the page's title
_HERE = Path(__file__).parent


def write_report(paths: Sequence[Path], folder: Path) -> Path:
    """Write `report.html` about the runs and sweeps in `paths` into `folder`.

    Beside it: its figures as SVG and PNG, its tables as CSV, and `queries.html`.

    Returns:
        The page's path.

    Raises:
        ReIDError: there is no run in one of `paths`. What cannot be read of a run is said on the
            page.
    """
    runs = read_runs(paths)
    rows = rows_of(runs)
    ordered = order_rows(rows)
    folder.mkdir(parents=True, exist_ok=True)
    scored = [run for run in runs if run.queries is not None]
    title = _title(paths, rows)
    comparison = compare_rows(rows)
    tables = {
        "scores": compare_scores(ordered),
        "open_set": open_set_scores(ordered),
        "runs": list_runs(ordered),
        "settings": compare_settings(rows),
    }
    save_tables([*tables.values(), *([comparison["table"]] if comparison else [])], folder)
    _write(
        folder / REPORT_FILE,
        "page.html",
        title=title,
        about=_about(runs),
        has_queries=bool(scored),
        comparison=comparison,
        constants=facts_of(ordered)[0],
        order=order_key(ordered),
        **tables,
        without_score=[(run.name, run.status) for run in runs if not run.results],
        problems=[(run.name, problem) for run in runs for problem in run.problems],
        single=len(rows) == 1,
        figures=_figures(rows, paths, folder),
        sections=[run_section(row, folder / _folder_name(row)) for row in rows if row.scored],
        csv_url=_csv_url,
        script=_own("page.js"),
    )
    if scored:
        data = queries_json(scored, folder)
        script = _own("queries.js")
        _write(folder / QUERIES_FILE, "queries.html", title=title, data=data, script=script)
    return folder / REPORT_FILE


def _figures(rows: Sequence[Row], paths: Sequence[Path], folder: Path) -> list[Picture]:
    """The figures about all rows, saved."""
    figures = {"scores": (score_plot(rows) if len(rows) > 1 else None, "scores of all runs")}
    for name, figure in learning_curves(rows).items():
        figures[f"curve_{name.replace('/', '_')}"] = (figure, f"learning curves: {name}")
    figures["cmc"] = cmc_curves(rows), "CMC curves of all runs"
    figures["matches"] = match_plot(rows), "mAP by the number of matches"
    figures["openset"] = compare_det(rows), "DET curves of the open set"
    jobs = sweep_rows(paths[0]) if len(paths) == 1 else []
    if grid := score_grid(jobs) if jobs else None:
        stem = Path(HEAT_MAP_FILE).stem
        figures[stem] = (plot_heat_map(grid), "scores of all pairs of values")
    return [
        save_plot(figure, folder / f"{stem}.svg", alt)
        for stem, (figure, alt) in figures.items()
        if figure is not None
    ]


def _write(path: Path, template: str, **values: Any) -> None:
    loader = FileSystemLoader(_HERE, encoding="utf-8")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    html = environment.get_template(template).render(css=_own("page.css"), **values)
    with replaced_atomically(path) as partial:
        # Text from files may hold halves of characters, which UTF-8 has no code for.
        partial.write_text(html, encoding="utf-8", errors="backslashreplace")


def _own(name: str) -> str:
    """A file of ours that stands in the page as it is."""
    return (_HERE / name).read_text(encoding="utf-8")


def _title(paths: Sequence[Path], rows: Sequence[Row]) -> str:
    """The folder of a run or a sweep, or the rows of several."""
    if len(paths) == 1 or len(rows) == 1:
        return paths[0].absolute().name
    names = [row.name for row in rows]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return " · ".join(names[:_MOST_NAMES]) + more


def _csv_url(table: Table) -> str:
    content = csv_text(table).encode("utf-8", "backslashreplace")
    return f"data:text/csv;base64,{base64.b64encode(content).decode()}"


def _about(runs: Sequence[Run]) -> str:
    hashes = {run.results.get("git_revision") for run in runs if run.results} - {None}
    revisions = sorted(re.sub(r"(?<=^\w{12})\w*", "", str(revision)) for revision in hashes)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{count} of reid-lightning" + (
        f", revision {', '.join(revisions)}" if revisions else ""
    )


def _folder_name(row: Row) -> str:
    """The name of a row's folder of pictures, valid in any file system."""
    return re.sub(r"[^\w.=-]+", "_", f"run_{row.number}_{row.name}")[:100]
