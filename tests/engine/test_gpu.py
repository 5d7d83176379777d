"""What only a GPU can show: half precision, a step that never waits, the CPU's own figures."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.triplet import TripletLoss
from reid_lightning.metrics import ReIDMetric

pytestmark = pytest.mark.gpu
GPU = "trainer.accelerator=gpu"
RECIPE = ["loss=semihard", "loss.margin=soft", "loss.distance=euclidean", "loss.normalize=false"]


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
def test_half_precision_trains(
    precision: str, script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    script(
        *("train.py", *tiny_overrides, GPU, f"trainer.precision={precision}"),
        *("trainer.max_epochs=3", "augmentation=strong", "hydra.run.dir=run"),
        cwd=tmp_path,
    )
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["precision"] == precision
    with (tmp_path / "run" / "metrics.csv").open() as file:
        losses = [float(r["train/loss"]) for r in csv.DictReader(file) if r["train/loss"]]
    assert len(losses) == 3 and all(map(math.isfinite, losses)) and losses[-1] < losses[0]


@pytest.mark.parametrize(
    "chosen", [[], ["callbacks=averaged"], RECIPE, ["callbacks=averaged", *RECIPE]], ids=" ".join
)
def test_no_step_of_a_run_waits_for_the_device(
    chosen: list[str],
    script: Callable,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the loader to all the callbacks, under CUDA's own alarm."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]), prepend=":")
    script(
        *("train.py", *tiny_overrides, GPU),
        *("augmentation=strong", "+callbacks.probe._target_=probes.NeverWait", *chosen),
        "hydra.run.dir=run",
        cwd=tmp_path,
    )
    assert (tmp_path / "run" / "metrics.json").is_file()


def embeddings(count: int = 60, size: int = 16) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_ranking_equals_the_cpus(distance: str) -> None:
    x = embeddings()
    pids, camids = torch.arange(60) % 7, torch.arange(60) % 3
    scores = []
    for device in ("cpu", "cuda"):
        metric = ReIDMetric(distance=distance).to(device)
        columns = (x, pids, camids, torch.arange(60) < 20, torch.arange(60))
        metric.update(*(column.to(device) for column in columns))
        scores.append({k: float(v) for k, v in metric.compute().items()})
    assert scores[1] == pytest.approx(scores[0], abs=1e-9)


@pytest.mark.parametrize(
    "loss",
    [
        *(TripletLoss(rule, "soft", normalize=False) for rule in ("random", "hard", "semihard")),
        *(BatchAllLoss("all", margin, normalize=False) for margin in (0.3, "soft")),
        *(QuadrupletLoss(rule, 0.3, 0.1, normalize=False) for rule in ("random", "hard")),
    ],
    ids=["random", "hard", "semihard", "all", "all soft", "quadruplet random", "quadruplet"],
)
def test_losses_equal_the_cpus(loss: torch.nn.Module) -> None:
    values, gradients = [], []
    for device in ("cpu", "cuda"):
        x = embeddings().to(device).requires_grad_()
        labels = (torch.arange(60) % 9).to(device)
        value = loss(x, labels, torch.Generator().manual_seed(1)).loss
        value.backward()
        values.append(value.item())
        gradients.append(x.grad.cpu())
    assert values[1] == pytest.approx(values[0], rel=1e-5)
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-6)
