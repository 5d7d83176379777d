"""The part of a report about one run: what it retrieved, and the distances behind that."""

from pathlib import Path
from typing import Any

from reid_lightning.errors import ReIDError
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.picture import save_list, save_plot
from reid_lightning.results.runs import Run


def run_section(run: Run, folder: Path) -> dict[str, Any]:
    """Save a run's pictures into `folder`; returns its part of the page for page.html.

    `notes` say what is missing, and why.
    """
    rank1, m_ap = (_percent(run.results.get(f"test/{name}")) for name in ("rank1", "mAP"))
    section: dict[str, Any] = {
        "name": run.name,
        "scores": f"Rank-1 {rank1} · mAP ({run.results.get('ap')} AP) {m_ap}",
        "plots": [],
        "lists": [],
        "notes": [],
    }
    if run.findings is None:
        section["notes"] = [
            "This run has no findings.pt that can be read: evaluate its checkpoint to see more."
        ]
        return section
    folder.mkdir(parents=True, exist_ok=True)
    plots = {
        "distances.png": (distance_plot(run.findings), "distances of positive and negative pairs"),
        "map.png": (embedding_map(run.findings), "map of embeddings, coloured by identity"),
    }
    section["plots"] = [
        save_plot(f, folder / name, alt) for name, (f, alt) in plots.items() if f is not None
    ]
    kinds = {"worst": run.findings.worst, "best": run.findings.best}
    try:
        for kind, lists in kinds.items():
            pictures = [
                save_list(ranked, folder / f"{kind}_{number}.png")
                for number, ranked in enumerate(lists, start=1)
            ]
            section["lists"].append((f"The {kind} queries by AP", pictures))
    except ReIDError as error:
        section["notes"].append(
            f"Ranked lists cannot be shown without the data set's pictures: {error}"
        )
    return section


def _percent(score: float | None) -> str:
    return "–" if score is None else f"{score:.1%}"
