"""report.html: one self-contained page of several runs, and its pictures as PNG files."""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from reid_lightning.errors import ReIDError
from reid_lightning.report.comparison import scores_of, settings_of
from reid_lightning.report.figures import heat_map
from reid_lightning.report.figures.curves import cmc_curves, learning_curves
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.figures.ranked_list import draw_ranked_list
from reid_lightning.report.figures.score_plot import score_plot
from reid_lightning.results.ranked_list import RankedList
from reid_lightning.results.runs import Run, read_runs
from reid_lightning.results.sweep_summary import sweep_rows

FILE = "report.html"
_TEMPLATE = Path(__file__).with_name("page.html")
_DPI = 160


class Picture(NamedTuple):
    """A picture inside the page: its bytes as an address, and what it shows, in words."""

    data: str
    alt: str


def write_report(paths: Sequence[Path], folder: Path) -> Path:
    """Write `report.html` of the runs and sweeps in `paths`, and its pictures, into `folder`.

    Raises:
        ReIDError: there is no run in one of `paths`, or one cannot be read.
    """
    runs = read_runs(paths)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "scores.png": (score_plot(runs) if len(runs) > 1 else None, "scores of all runs"),
        "curves.png": (learning_curves(runs), "learning curves of all runs"),
        "cmc.png": (cmc_curves(runs), "CMC curves of all runs"),
    }
    rows = sweep_rows(paths[0]) if len(paths) == 1 else []
    grid = heat_map.score_grid(rows) if rows else None
    figures[heat_map.FILE] = (
        heat_map.draw(grid) if grid else None,
        "scores of all pairs of values",
    )
    shared = [_plot(f, folder / name, alt) for name, (f, alt) in figures.items() if f is not None]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    html = environment.from_string(_TEMPLATE.read_text()).render(
        title=" · ".join(path.absolute().name for path in paths),
        about=_about(runs),
        scores=scores_of(runs),
        left_out=[(run.name, run.status) for run in runs if not run.results],
        shared=shared,
        settings=settings_of(runs),
        alone=len(runs) == 1,
        sections=[_section(r, folder / _name(n, r)) for n, r in enumerate(runs) if r.results],
    )
    (folder / FILE).write_text(html, encoding="utf-8")
    return folder / FILE


def _about(runs: Sequence[Run]) -> str:
    told = {run.results.get("git_revision") for run in runs if run.results} - {None}
    revisions = sorted(re.sub(r"(?<=^\w{12})\w*", "", str(revision)) for revision in told)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{count} of reid-lightning" + (
        f", revision {', '.join(revisions)}" if revisions else ""
    )


def _name(number: int, run: Run) -> str:
    """The folder of a run's own pictures, as any file system takes it."""
    return re.sub(r"[^\w.=-]+", "_", f"run_{number}_{run.name}")[:100]


def _section(run: Run, folder: Path) -> dict[str, Any]:
    """What was retrieved by one run; notes tell what cannot be shown, and why."""
    rank1, m_ap = (f"{run.results[f'test/{name}']:.1%}" for name in ("rank1", "mAP"))
    told = f"Rank-1 {rank1} · mAP ({run.results.get('ap')} AP) {m_ap}"
    section: dict[str, Any] = {
        "name": run.name,
        "told": told,
        "plots": [],
        "lists": [],
        "notes": [],
    }
    if run.findings is None:
        section["notes"] = ["It left no findings.pt: score it with evaluate.py for more."]
        return section
    folder.mkdir(parents=True, exist_ok=True)
    plots = {
        "distances.png": (distance_plot(run.findings), "distances of positive and negative pairs"),
        "map.png": (embedding_map(run.findings), "map of embeddings, coloured by identity"),
    }
    section["plots"] = [_plot(f, folder / n, alt) for n, (f, alt) in plots.items() if f is not None]
    kinds = {"worst": run.findings.worst, "best": run.findings.best}
    try:
        for kind, lists in kinds.items():
            drawn = [_list(one, folder / f"{kind}_{n}.png") for n, one in enumerate(lists, start=1)]
            section["lists"].append((f"The {kind} queries by AP", drawn))
    except ReIDError as error:
        section["notes"].append(f"Ranked lists need the set's pictures where they were: {error}")
    return section


def _plot(figure: Figure, path: Path, alt: str) -> Picture:
    figure.savefig(path, dpi=_DPI)
    return Picture(_address("image/png", path.read_bytes()), alt)


def _list(ranked: RankedList, path: Path) -> Picture:
    """Inside the page as a JPEG, a fifth of the PNG's size."""
    drawn, small = draw_ranked_list(ranked), io.BytesIO()
    drawn.save(path)
    drawn.save(small, "JPEG", quality=85)
    return Picture(_address("image/jpeg", small.getvalue()), f"{ranked.query.name}: {ranked.title}")


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
