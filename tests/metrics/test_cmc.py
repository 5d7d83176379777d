import pytest
import torch

from reid_lightning.metrics.cmc import cmc_curve


def test_each_rank_counts_the_valid_queries_found_by_then() -> None:
    first = torch.tensor([1, 0, 3, 3, 60])
    curve = cmc_curve(first)
    assert len(curve) == 50
    assert curve[:4] == pytest.approx([0.25, 0.25, 0.75, 0.75]) and curve[-1] == 0.75
    assert cmc_curve(first, ranks=60)[-1] == 1
