"""queries.html: every query of the runs with its first results, for the browser to filter."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reid_lightning.results.retrieved import Retrieved
from reid_lightning.results.runs import Run

QUERIES_FILE = "queries.html"
_NO_RESULTS = (
    "This run has no retrieved.parquet that can be read: evaluate its checkpoint to see results."
)
_NO_PICTURES = (
    "The pictures are not where this run found them, in {}: their names are shown. Write the "
    "report where the data set lies to see them."
)


def queries_json(runs: Sequence[Run], folder: Path) -> str:
    """The data of queries.html as JSON that may stand inside a script element.

    Args:
        runs: that have scores of their queries.
        folder: of the page, from which pictures are named.
    """
    data = [_run(run, folder) for run in runs if run.queries is not None]
    # `<` could end the element, or begin a comment in it.
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _run(run: Run, folder: Path) -> dict[str, Any]:
    assert run.queries is not None
    retrieved = run.retrieved or Retrieved(Path(), Path(), {})
    items: dict[tuple[str, str, str, str], int] = {}
    queries = []
    columns = (run.queries.matches.tolist(), run.queries.first_match.tolist(), run.queries.ap)
    for row, (query, matches, first, ap) in enumerate(
        zip(run.queries.queries, *columns, strict=True)
    ):
        results = []
        for result in retrieved.results.get(row, []):
            key = (result.gallery, result.person, result.camera, result.box)
            item = items.setdefault(key, len(items))
            results.append([item, int(result.hit), _rounded(result.distance)])
        scores = [matches, int(first), round(float(ap), 4)] if matches else [0, 0, 0]
        queries.append([*query, *scores, results])
    return {
        "name": run.name,
        "note": _note(run),
        "query_folder": str(retrieved.query_folder),
        "gallery_folder": str(retrieved.gallery_folder),
        "query_url": _url(retrieved.query_folder, folder),
        "gallery_url": _url(retrieved.gallery_folder, folder),
        "items": list(items),
        "queries": queries,
    }


def _note(run: Run) -> str:
    if run.retrieved is None or run.queries is None:
        return _NO_RESULTS
    path = run.retrieved.query_folder / run.queries.queries[0].picture
    return "" if path.is_file() else _NO_PICTURES.format(run.retrieved.query_folder)


def _rounded(distance: float) -> float | str:
    return float(f"{distance:.4g}") if abs(distance) < float("inf") else str(distance)


def _url(target: Path, folder: Path) -> str:
    """A folder's path from the page's folder, so that both may be moved together."""
    path = Path(os.path.relpath(target.absolute(), folder.absolute()))
    return quote(os.fsencode(path.as_posix()))
