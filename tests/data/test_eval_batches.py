import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.eval_batches import eval_batch_size, eval_batches


@given(st.integers(1, 300), st.integers(2, 40), st.integers(1, 5))
def test_each_picture_once_and_equally_many_batches(
    count: int, batch_size: int, world_size: int
) -> None:
    ranks = [
        eval_batches(count, batch_size, rank=r, world_size=world_size) for r in range(world_size)
    ]
    assert len({len(rank) for rank in ranks}) == 1
    batches = [batch for rank in ranks for batch in rank]
    assert sorted(i for batch in batches for i in batch) == list(range(count))
    assert all(len(batch) <= batch_size for batch in batches)
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def test_a_rank_without_pictures_has_an_empty_batch() -> None:
    assert [eval_batches(2, 16, rank=r, world_size=3) for r in range(3)] == [[[0]], [[1]], [[]]]


@pytest.mark.parametrize(
    ("choice", "device", "size"),
    [(None, "cpu", 128), (None, "mps", 128), (None, "cuda", 512), (7, "cpu", 7), (7, "cuda", 7)],
)
def test_a_gpu_gets_larger_batches_unless_a_number_is_given(
    choice: int | None, device: str, size: int
) -> None:
    assert eval_batch_size(choice, torch.device(device)) == size
