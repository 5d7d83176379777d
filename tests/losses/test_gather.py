"""Ranks that each have a share of the identities train as one process with all of them does."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from warm_start import in_processes

from reid_lightning.errors import ReIDError
from reid_lightning.losses import (
    Criterion,
    batch_all_criterion,
    quadruplet_criterion,
    triplet_criterion,
)
from reid_lightning.losses.gather import global_batch

CLASSES, SIZE, K = 6, 5, 3
COMMON: dict[str, Any] = {
    "num_classes": CLASSES, "embedding_size": SIZE, "label_smoothing": 0.1, "metric_weight": 0.7,
    "id_weight": 1.0, "center_weight": 0.01, "gather": "auto",
}  # fmt: skip
TRIPLET: dict[str, Any] = {"distance": "euclidean", "normalize": False, **COMMON}

# On a GPU the ranks share it: gloo takes its tensors, NCCL refuses two ranks on one.
on_devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])


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
    built["parts"] = triplet_criterion(mining="hard", margin="soft", **TRIPLET)
    return built


class Network(nn.Module):
    """Features and logits of one head or more; its BatchNorm is frozen."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        size = heads * SIZE
        self.features = nn.Sequential(nn.Linear(4, size), nn.BatchNorm1d(size))
        self.classifiers = nn.ModuleList(nn.Linear(SIZE, CLASSES) for _ in range(heads))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.features(x)
        parts = features.split(SIZE, 1)
        logits = [layer(part) for layer, part in zip(self.classifiers, parts, strict=True)]
        return features, torch.stack(logits, 1) if len(parts) > 1 else logits[0]


def losses_and_gradients(
    rank: int, world_size: int, device: str
) -> dict[str, tuple[float, list[torch.Tensor]]]:
    """Each criterion's loss and parameter gradients on this rank's share of one batch."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(CLASSES * K, 4, generator=generator).to(device)
    labels = torch.arange(CLASSES, device=device).repeat_interleave(K)
    share = slice(rank * len(x) // world_size, (rank + 1) * len(x) // world_size)
    results = {}
    for name, criterion in criteria().items():
        torch.manual_seed(1)
        network: nn.Module = Network(heads=3 if name == "parts" else 1).eval().to(device)
        parameters = list(network.parameters())
        if world_size > 1:
            network = DistributedDataParallel(network)
        features, logits = network(x[share])
        generator = torch.Generator().manual_seed(2)
        loss = criterion.to(device)(features, logits, labels[share], generator)["loss"]
        loss.backward()
        total = loss.detach().clone()
        if world_size > 1:
            torch.distributed.all_reduce(total)
        results[name] = (float(total) / world_size, [p.grad.clone() for p in parameters])
    return results


def compare_with_one_process(rank: int, world_size: int, port: int, device: str) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=world_size)
    distributed = losses_and_gradients(rank, world_size, device)
    # The reference is one process: leave the group, so that gather="auto" does not gather.
    torch.distributed.destroy_process_group()
    single = losses_and_gradients(0, 1, device)
    for name, (loss, gradients) in distributed.items():
        expected_loss, expected = single[name]
        assert abs(loss - expected_loss) < 1e-5, (name, loss, expected_loss)
        for ours, theirs in zip(gradients, expected, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5), (name, (ours - theirs).abs().max())


@on_devices
@pytest.mark.parametrize("world_size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_ranks_have_the_loss_and_gradients_of_one_process(
    world_size: int, device: str, free_port: int
) -> None:
    in_processes(compare_with_one_process, (world_size, free_port, device), world_size)


def mine_without_gathering(rank: int, port: int, device: str) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    options = TRIPLET | {"gather": False, "center_weight": 0.0}
    criterion = triplet_criterion(mining="hard", margin=0.5, **options)
    x = torch.randn(6, SIZE, generator=torch.Generator().manual_seed(rank)).to(device)
    labels = (torch.arange(2).repeat_interleave(3) + 2 * rank).to(device)
    logits = torch.zeros(6, CLASSES, device=device)
    local = criterion(x, logits, labels)["loss_metric"]
    torch.distributed.destroy_process_group()
    assert torch.equal(local, criterion(x, logits, labels)["loss_metric"])


@on_devices
def test_without_gathering_each_rank_mines_its_own_pictures(device: str, free_port: int) -> None:
    in_processes(mine_without_gathering, (free_port, device), 2)


def gather_with_a_shared_gradient(rank: int, port: int, device: str) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    leaf = torch.ones(4, 2, device=device, requires_grad=True)
    # Addition passes one gradient tensor to both of its inputs. `doubled` was made before the
    # gathered tensor, so its backward runs later and sees what the gather's backward left there.
    doubled = 2 * leaf
    local = torch.ones(2, 2, device=device, requires_grad=True)
    gathered, _ = global_batch(local, torch.zeros(2, device=device))
    weights = torch.arange(8.0, device=device).view(4, 2) + rank
    (weights * (doubled + gathered)).sum().backward()
    torch.distributed.destroy_process_group()
    assert torch.equal(leaf.grad, 2 * weights), leaf.grad


@on_devices
def test_gathering_leaves_a_shared_gradient_unchanged(device: str, free_port: int) -> None:
    in_processes(gather_with_a_shared_gradient, (free_port, device), 2)


def centres_without_gathering(rank: int, port: int) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    criterion = Criterion(None, **COMMON | {"gather": False})
    arguments = torch.ones(3, SIZE), torch.zeros(3, CLASSES), torch.arange(3) + 3 * rank
    with pytest.raises(ReIDError, match=r"loss\.center_weight=0\.01 .* loss\.gather=auto"):
        criterion(*arguments)
    assert criterion.center is not None and torch.all(criterion.center.centers == 0)
    torch.distributed.destroy_process_group()
    criterion(*arguments)  # one process is not refused


def test_centres_without_gathering_are_refused_on_several_ranks(free_port: int) -> None:
    in_processes(centres_without_gathering, (free_port,), 2)
