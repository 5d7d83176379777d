"""The part of a report about one row: what was retrieved, and the distances behind that."""

from pathlib import Path
from typing import Any

from reid_lightning.errors import ReIDError
from reid_lightning.report.confused import confused_pairs
from reid_lightning.report.figures.camera_matrix import camera_matrix
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.figures.style import row_color
from reid_lightning.report.picture import ShownList, save_list, save_plot, thumbnail
from reid_lightning.report.retrieved_lists import has_lists, picture_of, query_picture
from reid_lightning.report.rows import Row
from reid_lightning.results.runs import Run

_MOST_CONFUSED = 6


def run_section(row: Row, folder: Path) -> dict[str, Any]:
    """Save a row's pictures into `folder`; returns its part of the page for page.html.

    They are of the row's first run that has scores, but for the scores by pair of cameras, which
    are means. `notes` say what is missing, and why.
    """
    run = row.scored[0]
    rank1, m_ap = (_percent(run.results.get(f"test/{name}")) for name in ("rank1", "mAP"))
    section: dict[str, Any] = {
        "name": run.name,
        "color": row_color(row.number),
        "scores": f"Rank-1 {rank1} · mAP ({run.results.get('ap')} AP) {m_ap}",
        "plots": [],
        "lists": [],
        "notes": [],
        "has_cameras": any(r.camera_pairs for r in row.scored),
    }
    figures = {"cameras.svg": (camera_matrix(row), "scores by pair of cameras")}
    if run.findings is None:
        section["notes"] = [
            "This run has no findings.pt that can be read: evaluate its checkpoint to see more."
        ]
    else:
        figures["distances.svg"] = (
            distance_plot(run.findings),
            "distances of positive and negative pairs",
        )
        figures["map.svg"] = (
            embedding_map(run.findings),
            "map of embeddings, coloured by identity",
        )
    folder.mkdir(parents=True, exist_ok=True)
    section["plots"] = [
        save_plot(f, folder / name, alt) for name, (f, alt) in figures.items() if f is not None
    ]
    try:
        if run.findings is not None:
            kinds = {"worst": run.findings.worst, "best": run.findings.best}
            for kind, lists in kinds.items():
                shown = [
                    save_list(ranked, folder / f"{kind}_{number}.png")
                    for number, ranked in enumerate(lists, start=1)
                ]
                section["lists"].append((f"The {kind} queries by AP", shown))
        if has_lists(run):
            section["lists"].append(("The most confused pairs of people", _confused(run)))
    except ReIDError as error:
        section["notes"].append(
            f"Ranked lists cannot be shown without the data set's pictures: {error}"
        )
    return section


def _confused(run: Run) -> list[ShownList]:
    """A query of each pair, and the wrong person that it has first."""
    shown = []
    for pair in confused_pairs(run, _MOST_CONFUSED):
        one, two = pair.people
        queries = "1 query has" if pair.queries == 1 else f"{pair.queries} queries have"
        pictures = [
            thumbnail(query_picture(run, pair.row), "query", "query"),
            thumbnail(picture_of(run, pair.result), "miss", f"person {pair.result.person}"),
        ]
        shown.append(ShownList(f"{one} and {two}: {queries} the other one first", pictures))
    return shown


def _percent(score: float | None) -> str:
    return "–" if score is None else f"{score:.1%}"
