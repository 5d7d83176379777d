"""Several ranks with a share of the identities each learn what one process with all learns."""

from typing import Any

import pytest
import torch
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from reid_lightning.losses import (
    Criterion,
    batch_all_criterion,
    quadruplet_criterion,
    triplet_criterion,
)

CLASSES, SIZE, K = 6, 5, 3
COMMON: dict[str, Any] = {
    "num_classes": CLASSES, "embedding_size": SIZE, "label_smoothing": 0.1, "metric_weight": 0.7,
    "id_weight": 1.0, "center_weight": 0.01, "gather": "auto",
}  # fmt: skip
TRIPLET: dict[str, Any] = {"distance": "euclidean", "normalize": False, **COMMON}


def criteria() -> dict[str, Criterion]:
    built = {
        rule: triplet_criterion(mining=rule, margin=0.5, **TRIPLET)
        for rule in ("random", "hard", "semihard")
    }
    built["soft"] = triplet_criterion(mining="hard", margin="soft", **TRIPLET)
    for rule in ("all", "nonzero"):
        built[rule] = batch_all_criterion(mining=rule, margin=0.5, **TRIPLET)
    for rule in ("random", "hard"):
        name = f"quadruplet {rule}"
        built[name] = quadruplet_criterion(mining=rule, margin=0.5, margin2=0.2, **TRIPLET)
    built["softmax"] = Criterion(None, **COMMON)
    return built


class Network(nn.Module):
    """Features and logits; its BatchNorm is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(4, SIZE), nn.BatchNorm1d(SIZE))
        self.classifier = nn.Linear(SIZE, CLASSES)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.features(x)
        return features, self.classifier(features)


def learn(rank: int, world_size: int) -> dict[str, tuple[float, list[torch.Tensor]]]:
    """Each criterion's loss and parameter gradients on this rank's share of one batch."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(CLASSES * K, 4, generator=generator)
    labels = torch.arange(CLASSES).repeat_interleave(K)
    share = slice(rank * len(x) // world_size, (rank + 1) * len(x) // world_size)
    told = {}
    for name, criterion in criteria().items():
        torch.manual_seed(1)
        network: nn.Module = Network().eval()
        parameters = list(network.parameters())
        if world_size > 1:
            network = DistributedDataParallel(network)
        features, logits = network(x[share])
        draws = torch.Generator().manual_seed(2)
        loss = criterion(features, logits, labels[share], draws)["loss"]
        loss.backward()
        total = loss.detach().clone()
        if world_size > 1:
            torch.distributed.all_reduce(total)
        told[name] = (float(total) / world_size, [p.grad.clone() for p in parameters])
    return told


def rank_of_job(rank: int, world_size: int, port: int) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=world_size)
    many = learn(rank, world_size)
    # gather="auto" with one process is what the others are held against: leave the group first.
    torch.distributed.destroy_process_group()
    alone = learn(0, 1)
    for name, (loss, gradients) in many.items():
        expected_loss, expected = alone[name]
        assert abs(loss - expected_loss) < 1e-5, (name, loss, expected_loss)
        for one, two in zip(gradients, expected, strict=True):
            assert torch.allclose(one, two, atol=1e-5), (name, (one - two).abs().max())


@pytest.mark.parametrize("world_size", [2, 3])
def test_ranks_learn_what_one_process_learns(world_size: int, free_port: int) -> None:
    mp.spawn(rank_of_job, (world_size, free_port), nprocs=world_size)


def rank_without_gathering(rank: int, port: int) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    options = TRIPLET | {"gather": False, "center_weight": 0.0}
    criterion = triplet_criterion(mining="hard", margin=0.5, **options)
    x = torch.randn(6, SIZE, generator=torch.Generator().manual_seed(rank))
    labels = torch.arange(2).repeat_interleave(3) + 2 * rank
    local = criterion(x, torch.zeros(6, CLASSES), labels)["loss_metric"]
    torch.distributed.destroy_process_group()
    assert torch.equal(local, criterion(x, torch.zeros(6, CLASSES), labels)["loss_metric"])


def test_without_gathering_each_rank_mines_its_own(free_port: int) -> None:
    mp.spawn(rank_without_gathering, (free_port,), nprocs=2)
