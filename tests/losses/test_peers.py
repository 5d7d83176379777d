"""Losses against those of pytorch-metric-learning, on embeddings without near-duplicates."""

import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import CircleLoss, TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from slow import UNEVEN, unit
from torch import Tensor

from reid_lightning.distances import pairwise_distance
from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.mining import Triplets, mine_random, mine_semihard
from reid_lightning.losses.pml import PMLLoss
from reid_lightning.losses.triplet import TripletLoss

LABELS = torch.tensor(UNEVEN)
PLAIN = LpDistance(normalize_embeddings=False)


def check_equal(ours: Tensor, x: Tensor, theirs: Tensor, y: Tensor) -> None:
    ours.backward()
    theirs.backward()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    assert torch.allclose(x.grad, y.grad, rtol=1e-4, atol=1e-6)


def test_batch_hard() -> None:
    x, y = (unit(len(UNEVEN), torch.float32) for _ in range(2))
    miner = BatchHardMiner(distance=PLAIN)
    loss = TripletMarginLoss(0.3, distance=PLAIN, reducer=MeanReducer())
    ours = TripletLoss("hard", 0.3, normalize=False)(x, LABELS).loss
    check_equal(ours, x, loss(y, LABELS, miner(y, LABELS)), y)


@pytest.mark.parametrize(
    ("mining", "reducer"), [("all", MeanReducer()), ("nonzero", AvgNonZeroReducer())]
)
def test_batch_all(mining: str, reducer: torch.nn.Module) -> None:
    x, y = (unit(len(UNEVEN), torch.float32) for _ in range(2))
    loss = TripletMarginLoss(0.3, distance=PLAIN, reducer=reducer)
    ours = BatchAllLoss(mining, 0.3, normalize=False)(x, LABELS).loss
    check_equal(ours, x, loss(y, LABELS), y)


def index_triplets(triplets: Triplets) -> tuple[Tensor, Tensor, Tensor]:
    valid = triplets.valid.nonzero(as_tuple=True)
    return valid[0], triplets.positive[valid], triplets.negative[valid]


def test_semihard_and_random_on_the_same_triplets() -> None:
    loss = TripletMarginLoss(0.3, distance=PLAIN, reducer=MeanReducer())
    for mining in ("semihard", "random"):
        x, y = (unit(len(UNEVEN), torch.float32) for _ in range(2))
        ours = TripletLoss(mining, 0.3, normalize=False)
        triplets = (
            mine_semihard(pairwise_distance(y.detach()), LABELS)
            if mining == "semihard"
            else mine_random(LABELS, torch.Generator().manual_seed(1))
        )
        value = ours(x, LABELS, torch.Generator().manual_seed(1)).loss
        check_equal(value, x, loss(y, LABELS, index_triplets(triplets)), y)


def test_the_adapter_returns_the_librarys_loss_also_in_half_precision() -> None:
    x = unit(len(UNEVEN), torch.float32)
    loss = CircleLoss()
    assert torch.equal(PMLLoss(loss)(x, LABELS).loss, loss(x, LABELS))
    half = x.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        value = PMLLoss(loss, BatchHardMiner())(half, LABELS).loss
    assert value.dtype == torch.float32 and torch.isfinite(value)
