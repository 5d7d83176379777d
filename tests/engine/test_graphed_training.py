"""Whole trainings with the device store and with CUDA graphs end as those without.

On the CPU by a stand-in for the capture, on a GPU (marked `gpu`) by CUDA itself.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytorch_lightning as pl
import torch
from compose_config import composed
from graph_stand_in import Captures, SmallBackbone, record_captures
from hydra.utils import instantiate
from probes import NeverWait
from torch import Tensor

from reid_lightning.engine.graphed_network import GraphedNetwork
from reid_lightning.engine.teacher import Teacher, TeacherNetwork
from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.run.build import build_module

STEPS = 15  # in each of two epochs
IN_THE_FOLDER = ("best", "last", "findings", "status")  # callbacks that write into a run's own
RECIPE = ["loss=semihard", "loss.margin=soft", "loss.distance=euclidean", "loss.normalize=false"]
PLAIN = {"store": False, "graphs": False}
CASES: dict[str, tuple[int, list[str]]] = {  # how often the network is captured, and what is chosen
    "plain": (1, []),
    "thawed": (2, ["model.freeze_backbone_epochs=1"]),
    "averaged": (1, ["callbacks=averaged", "callbacks.ema.decay=0.9"]),
    "accumulated": (0, ["+trainer.accumulate_grad_batches=2"]),
    "bf16": (1, ["trainer.precision=bf16-mixed"]),
    "taught": (1, ["distill.checkpoint=x"]),
    "taught, averaged": (1, ["distill.checkpoint=x", "callbacks=averaged"]),
    "taught, thawed": (2, ["distill.checkpoint=x", "model.freeze_backbone_epochs=1"]),
    "taught, accumulated": (0, ["distill.checkpoint=x", "+trainer.accumulate_grad_batches=2"]),
}
of_devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])


class Outcome(NamedTuple):
    losses: list[float]
    weights: dict[str, Tensor]
    scores: dict[str, float]


class Watch(pl.Callback):
    """Keeps the losses; writes a checkpoint within the second epoch."""

    def __init__(self, checkpoint: Path | None) -> None:
        self.losses: list[Tensor] = []
        self.checkpoint = checkpoint

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self.losses.append(args[1]["loss"].clone())
        if self.checkpoint and len(self.losses) == STEPS + 5:
            trainer.save_checkpoint(self.checkpoint, weights_only=False)


class Poison(pl.Callback):
    """Makes the weights NaN before the seventh step, where graphs read them."""

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx == 6:
            with torch.no_grad():
                next(pl_module.model.backbone.parameters()).fill_(torch.nan)


def teacher(num_classes: int) -> Teacher:
    torch.manual_seed(7)
    network = Embedder(SmallBackbone(), num_classes, parts=2)
    weights = {"logit_weight": 10.0, "distance_weight": 25.0, "temperature": 4.0}
    return Teacher([TeacherNetwork(network, 24, 20, "cosine")], **weights)


@pytest.fixture
def captures(device: str, monkeypatch: pytest.MonkeyPatch) -> Captures:
    return record_captures(device, monkeypatch)


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    """The trainings are; other tests need not be."""
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def fit(device: str, tiny_overrides: list[str]) -> Callable[..., Outcome]:
    """Trains two epochs; the losses, the last weights, and the scores of the last validation."""

    def fitted(
        *overrides: str,
        store: bool = True,
        graphs: bool = True,
        begin: Path | None = None,
        checkpoint: Path | None = None,
        more: tuple[pl.Callback, ...] = (),
    ) -> Outcome:
        config = composed(
            "train", *tiny_overrides, "data.height=32", "data.width=16", "data.p=4", "data.k=2",
            f"data.device_store={store}", f"cuda_graphs={graphs}",
            f"trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}",
            "trainer.max_epochs=2", "trainer.check_val_every_n_epoch=2",
            "++trainer.deterministic=warn", f"+trainer.limit_train_batches={STEPS}",
            "optimizer=sgd", "optimizer.lr=1e-3", "scheduler=constant", "augmentation=strong",
            *overrides, *(f"~callbacks.{name}" for name in IN_THE_FOLDER),
        )  # fmt: skip
        pl.seed_everything(0, verbose=False)
        datamodule, watch = instantiate(config.data), Watch(checkpoint)
        module = build_module(config, datamodule.num_classes)
        if device == "cpu":
            frozen = config.model.freeze_backbone_epochs
            module.model = Embedder(
                SmallBackbone(), datamodule.num_classes, freeze_backbone_epochs=frozen
            )
            module.graphed = GraphedNetwork(module.model)
        if config.distill.checkpoint:
            module.teacher = teacher(datamodule.num_classes)
        callbacks = [instantiate(c) for c in config.callbacks.values()]
        trainer = instantiate(
            config.trainer, callbacks=[*callbacks, *more, watch], logger=False,
            enable_checkpointing=False, enable_progress_bar=False,
        )  # fmt: skip
        trainer.fit(module, datamodule, ckpt_path=begin, weights_only=False if begin else None)
        return Outcome(
            [float(loss) for loss in watch.losses],
            {name: value.detach().cpu() for name, value in module.state_dict().items()},
            {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("val/")},
        )

    return fitted


def assert_equal(one: Outcome, other: Outcome) -> None:
    """To the last bit."""
    assert one.losses == other.losses and one.scores == other.scores and one.scores
    assert list(one.weights) == list(other.weights)
    for name, value in one.weights.items():
        assert torch.equal(value, other.weights[name]), name


def assert_close(one: Outcome, other: Outcome) -> None:
    """To a thousandth; two pictures that are as near may change places."""
    assert one.losses == pytest.approx(other.losses, rel=1e-3)
    assert one.scores == pytest.approx(other.scores, abs=1e-2)
    for name, value in one.weights.items():
        assert torch.allclose(value, other.weights[name], rtol=1e-3, atol=1e-3), name


@of_devices
@pytest.mark.parametrize("case", CASES)
def test_thirty_steps_end_as_those_without_store_and_graphs(
    case: str, fit: Callable[..., Outcome], captures: Captures
) -> None:
    count, chosen = CASES[case]
    plain = fit(*chosen, **PLAIN)
    assert len(plain.losses) == 2 * STEPS and plain.losses[0] != plain.losses[-1]
    assert_equal(plain, fit(*chosen, store=True, graphs=False))
    assert not captures
    assert_close(plain, fit(*chosen, store=True, graphs=True))
    assert captures == [(8, 3, 32, 16)] * count


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["cuda"])
def test_graphs_in_fp16_end_as_those_without(
    fit: Callable[..., Outcome], captures: Captures
) -> None:
    half = "trainer.precision=16-mixed"
    assert_close(fit(half, graphs=False), fit(half))
    assert len(captures) == 1


@of_devices
def test_a_training_resumed_within_an_epoch_ends_as_the_whole_one(
    fit: Callable[..., Outcome], captures: Captures, tmp_path: Path
) -> None:
    file = tmp_path / "within.ckpt"
    whole = fit(checkpoint=file)
    assert len(captures) == 1
    resumed = fit(begin=file)
    assert len(captures) == 2 and len(resumed.losses) == STEPS - 5
    assert_close(whole._replace(losses=whole.losses[STEPS + 5 :]), resumed)
    plain = fit(begin=file, store=False, graphs=False)
    assert_close(plain, resumed)


@of_devices
@pytest.mark.parametrize("more", [[], ["callbacks=averaged"]], ids=["alone", "averaged"])
def test_a_taught_training_resumed_within_an_epoch_ends_as_the_whole_one(
    more: list[str], fit: Callable[..., Outcome], tmp_path: Path
) -> None:
    file, taught = tmp_path / "within.ckpt", ["distill.checkpoint=x", *more]
    whole = fit(*taught, checkpoint=file, **PLAIN)
    resumed = fit(*taught, begin=file, **PLAIN)
    assert_equal(whole._replace(losses=whole.losses[STEPS + 5 :]), resumed)
    assert whole.losses != fit(**PLAIN).losses


@of_devices
@pytest.mark.parametrize("graphs", [False, True])
def test_a_loss_that_is_nan_ends_the_training(
    graphs: bool, fit: Callable[..., Outcome], captures: Captures
) -> None:
    with pytest.raises(ReIDError, match="not a finite number at step 7 "):
        fit(graphs=graphs, more=(Poison(),))
    assert len(captures) == graphs


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["cuda"])
@pytest.mark.parametrize(
    "chosen",
    [
        *(CASES[case][1] for case in CASES),
        ["callbacks=averaged", *RECIPE],
        *([f"loss={name}"] for name in ("hard", "triplet", "semihard", "batch_all", "quadruplet")),
        ["cuda_graphs=false"],
        ["data.device_store=false"],
    ],
    ids=" ".join,
)
def test_no_step_waits_for_the_device(chosen: list[str], fit: Callable[..., Outcome]) -> None:
    """Under CUDA's own alarm; on the CPU, `test_no_wait.py` counts what would wait."""
    outcome = fit(*chosen, "++trainer.deterministic=false", more=(NeverWait(),))
    assert len(outcome.losses) == 2 * STEPS
