"""Ranked lists of any query of a run, from retrieved.parquet."""

from reid_lightning.data.pictures import Box, Picture
from reid_lightning.results.ranked_list import RankedList, Shown
from reid_lightning.results.retrieved import Result
from reid_lightning.results.runs import Run


def has_lists(run: Run) -> bool:
    """Whether any query's results are known, and pictures were wanted in reports of this run."""
    wanted = run.findings is not None and bool(run.findings.worst)
    return wanted and run.retrieved is not None and run.queries is not None


def query_list(run: Run, row: int, title: str, length: int = 10) -> RankedList:
    """The first results of the query in this row of per_query.csv."""
    assert run.retrieved is not None and run.queries is not None
    query = run.queries.queries[row]
    shown = []
    for rank, result in enumerate(run.retrieved.results.get(row, [])[:length], start=1):
        label = f"{rank} · cam {result.camera}" if result.camera else str(rank)
        shown.append(Shown(picture_of(run, result), "hit" if result.hit else "miss", label))
    label = f"query · cam {query.camera}" if query.camera else "query"
    return RankedList(query_picture(run, row), shown, title, label)


def query_picture(run: Run, row: int) -> Picture:
    """Where the query's pixels are."""
    assert run.retrieved is not None and run.queries is not None
    query = run.queries.queries[row]
    return Picture(run.retrieved.query_folder / query.picture, _box(query.box))


def picture_of(run: Run, result: Result) -> Picture:
    """Where a gallery picture's pixels are."""
    assert run.retrieved is not None
    return Picture(run.retrieved.gallery_folder / result.gallery, _box(result.box))


def _box(text: str) -> Box | None:
    edges = text.split()
    if len(edges) != 4 or not all(edge.lstrip("-").isdecimal() for edge in edges):
        return None
    left, top, right, bottom = map(int, edges)
    return left, top, right, bottom
