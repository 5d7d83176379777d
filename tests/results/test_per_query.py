from pathlib import Path

import numpy as np
import pytest
import torch

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.results.per_query import Query, read_per_query, write_per_query

HEAD = "query,pid,camid,matches,first_match,AP,INP\n"


def write(path: Path, *, boxes: bool) -> None:
    queries = tuple(
        Sample(
            path.parent / f"{n}.jpg", n, 1, identity=f"P{n}", box=(0, n, 4, 8) if boxes else None
        )
        for n in range(3)
    )
    columns = [[0.5, 0.0, 1 / 3], [2, 0, 7], [3, 0, 1], [0.4, 0.0, 0.1]]
    ap, first, matches, inp = (torch.tensor(c, dtype=torch.float64) for c in columns)
    results = QueryResults(matches.long(), first.long(), ap, inp)
    write_per_query(path, Splits((), queries, ()), results)


@pytest.mark.parametrize("boxes", [False, True])
def test_what_was_written_is_read(boxes: bool, tmp_path: Path) -> None:
    write(tmp_path / "per_query.csv", boxes=boxes)
    scores = read_per_query(tmp_path / "per_query.csv")
    assert scores.queries[2] == Query("2.jpg", "P2", "1", "0 2 4 8" if boxes else "")
    assert scores.matches.tolist() == [3, 0, 1]
    assert np.array_equal(scores.first_match, [2, np.nan, 7], equal_nan=True)
    assert np.array_equal(scores.ap, [0.5, np.nan, 1 / 3], equal_nan=True)
    assert scores.take(np.array([2, 0])).first_match.tolist() == [7, 2]


@pytest.mark.parametrize(
    "content",
    [
        "",
        HEAD,
        "query,pid\na.jpg,1\n",
        HEAD + "a.jpg,1,0,2,1,1.5,1\n",
        HEAD + "a.jpg,1,0,2,1,nan,1\n",
        HEAD + "a.jpg,1,0,2,0,1.0,1\n",
        HEAD + "a.jpg,1,0,2,,1.0,1\n",
        HEAD + "a.jpg,1,0,-2,1,1.0,1\n",
        HEAD + "a.jpg,1,0,0,1,1.0,1\n",
        HEAD + f"a.jpg,1,0,2,{'9' * 16},1.0,1\n",
    ],
)
def test_what_is_no_score_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "per_query.csv").write_text(content)
    with pytest.raises(ReIDError, match=r"per_query\.csv "):
        read_per_query(tmp_path / "per_query.csv")
