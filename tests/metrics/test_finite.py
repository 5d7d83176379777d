import pytest
import torch

from reid_lightning import parallel
from reid_lightning.distances import all_finite
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.finite import check_finite
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import rank_queries
from reid_lightning.scoring.nearest_pictures import nearest


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_every_chunk_is_checked(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 4 * 8 * 2)  # two rows
    for row in range(5):
        embeddings = torch.ones(5, 8)
        check_finite(embeddings)
        embeddings[row, 3] = value
        with pytest.raises(ReIDError, match=r"not finite: .* lower optimizer\.lr and train again"):
            check_finite(embeddings)


def test_no_embeddings_are_finite() -> None:
    check_finite(torch.empty(0, 8))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_sum_that_overflows_is_of_finite_numbers(dtype: torch.dtype) -> None:
    assert all_finite(torch.full((4, 8), torch.finfo(dtype).max, dtype=dtype))


PEOPLE = torch.tensor([1, 2]), torch.tensor([0, 0]), torch.tensor([1, 2, 3]), torch.tensor([1] * 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("cell", [(0, 0), (0, 2), (1, 0)])
def test_a_nan_distance_is_never_near(cell: tuple[int, int], dtype: torch.dtype) -> None:
    distances = torch.rand(2, 3).to(dtype)
    distances[cell] = torch.nan
    with pytest.raises(ReIDError, match="A distance to rank is NaN"):
        rank_queries(distances, *PEOPLE)
    with pytest.raises(ReIDError, match="A distance to rank is NaN"):
        nearest(distances[cell[0]], 1, 0, *PEOPLE[2:], length=3)


def test_infinity_is_farther_than_every_number() -> None:
    distances = torch.tensor([[torch.inf, 1.0, 3e38], [0.0, -torch.inf, 1.0]])
    assert rank_queries(distances, *PEOPLE).first_match.tolist() == [3, 1]


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_embeddings_to_rank_are_finite(distance: str, dtype: torch.dtype, value: float) -> None:
    for row, broken in ((1, 0), (2, 1)):
        sets = [torch.rand(2, 4, dtype=dtype), torch.rand(3, 4, dtype=dtype)]
        sets[broken][row, 3] = value
        with pytest.raises(ReIDError, match="An embedding is not finite"):
            rank_embeddings(*sets, *PEOPLE, distance=distance)  # type: ignore[arg-type]


def test_distances_that_overflow_are_no_score() -> None:
    query, gallery = (torch.full((n, 4), 1e200, dtype=torch.float64) for n in (2, 3))
    with pytest.raises(ReIDError, match="A distance to rank is NaN"):
        rank_embeddings(query, gallery, *PEOPLE, distance="euclidean")
