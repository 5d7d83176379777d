import pytest
import torch

from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.report.cmc import cmc_curve


def test_each_rank_counts_the_valid_queries_found_by_then() -> None:
    nothing = torch.zeros(5)
    first = torch.tensor([1, 0, 3, 3, 60])
    results = QueryResults(torch.tensor([2, 0, 1, 1, 1]), first, nothing, nothing)
    curve = cmc_curve(results)
    assert len(curve) == 50
    assert curve[:4] == pytest.approx([0.25, 0.25, 0.75, 0.75]) and curve[-1] == 0.75
    assert cmc_curve(results, ranks=60)[-1] == 1
