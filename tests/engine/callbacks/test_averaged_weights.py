"""Averaged weights: the plain formula, Lightning's own callback, and what a step costs."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.device_operations import DeviceOperations
from reid_lightning.engine.callbacks import AveragedWeights
from reid_lightning.errors import ReIDError

DECAY, STEPS = 0.8, 6


class Layers(pl.LightningModule):
    """Fits layers, one of them used twice, and counts in a buffer that each step replaces."""

    def __init__(self, count: int = 2) -> None:
        super().__init__()
        first = nn.Linear(4, 4)
        more = [nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(count)]
        self.layers = nn.Sequential(first, *more, first)
        self.register_buffer("replaced", torch.zeros(3))
        self.seen: list[Tensor] = []  # the first weight in validation

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.replaced = self.replaced + 1
        # By its number: Lightning's own loaders begin anew where a training is resumed.
        batch = torch.randn(8, 4, generator=torch.Generator().manual_seed(batch_idx))
        loss: Tensor = self.layers(batch.to(self.dtype)).square().mean()
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.seen.append(self.layers[0].weight.detach().clone())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.3)


class Follow(pl.Callback):
    """Keeps the weights after each step, counts an update's operations, and saves a checkpoint."""

    def __init__(self, average: pl.Callback, checkpoint: Path | None, at: int) -> None:
        self.average, self.checkpoint, self.at = average, checkpoint, at
        self.weights: list[dict[str, Tensor]] = []
        self.averages: dict[str, Tensor] = {}
        self.operations = DeviceOperations()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any
    ) -> None:
        self.weights.append(copied(pl_module))
        with self.operations:
            self.average.on_train_batch_end(trainer, pl_module, *args)
        if self.checkpoint and trainer.global_step == self.at:
            trainer.save_checkpoint(self.checkpoint, weights_only=False)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.averages = copied(self.average._average_model.module)  # type: ignore[attr-defined]


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def loader(count: int) -> DataLoader[Tensor]:
    return DataLoader(torch.zeros(count, 1), batch_size=1)  # type: ignore[arg-type]


def fit(
    average: pl.Callback,
    *,
    checkpoint: Path | None = None,
    begin: Path | None = None,
    layers: int = 2,
    epochs: int = 1,
    **chosen: Any,
) -> tuple[Follow, Layers]:
    """Train from the same weights; the checkpoint is written after the fourth step."""
    torch.manual_seed(0)
    module, follow = Layers(layers), Follow(average, checkpoint, at=4)
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[follow, average],
        num_sanity_val_steps=0, **chosen,
    )  # fmt: skip
    trainer.fit(
        module, loader(STEPS), loader(1), ckpt_path=begin, weights_only=False if begin else None
    )
    return follow, module


def by_the_formula(weights: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The average of the weights after each step, in float64."""
    average = {name: tensor.double() for name, tensor in weights[0].items()}
    for step in weights[1:]:
        for name, tensor in step.items():
            whole = not tensor.is_floating_point()
            decay = 0.0 if whole else DECAY
            average[name] = decay * average[name] + (1 - decay) * tensor.double()
    return average


def without_counts(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: x for name, x in tensors.items() if not name.endswith("num_batches_tracked")}


def assert_close(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.allclose(tensor.double(), other[name].double(), atol=1e-6), name


def assert_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """To the last bit."""
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_the_average_is_that_of_the_formula() -> None:
    follow, module = fit(AveragedWeights(DECAY))
    assert len(follow.weights) == STEPS
    assert_close(follow.averages, by_the_formula(follow.weights))
    assert not torch.allclose(
        follow.averages["layers.0.weight"], follow.weights[-1]["layers.0.weight"]
    )
    assert follow.averages["layers.1.1.num_batches_tracked"].item() == STEPS
    assert_equal(copied(module), follow.averages)  # what a training ends with


def test_it_is_lightnings_but_for_whole_numbers() -> None:
    ours, theirs = (
        fit(average)[0] for average in (AveragedWeights(DECAY), EMAWeightAveraging(decay=DECAY))
    )
    assert_close(without_counts(ours.averages), without_counts(theirs.averages))


def test_of_accumulated_gradients_only_the_optimizers_steps_count() -> None:
    follow, _ = fit(AveragedWeights(DECAY), accumulate_grad_batches=2)
    assert len(follow.weights) == STEPS
    assert_close(follow.averages, by_the_formula(follow.weights[1::2]))


def test_a_network_of_half_precision_is_averaged_in_float32() -> None:
    follow, _ = fit(AveragedWeights(DECAY), precision="bf16-true", limit_val_batches=0)
    assert follow.weights[0]["layers.0.weight"].dtype == torch.bfloat16
    assert follow.averages["layers.0.weight"].dtype == torch.float32
    assert_close(follow.averages, by_the_formula(follow.weights))


def test_validation_sees_the_average_and_training_goes_on_with_its_weights() -> None:
    follow, module = fit(AveragedWeights(DECAY), epochs=2)
    for epoch, seen in enumerate(module.seen, start=1):
        expected = by_the_formula(follow.weights[: epoch * STEPS])["layers.0.weight"]
        assert torch.allclose(seen.double(), expected, atol=1e-6)
    unscored, _ = fit(AveragedWeights(DECAY), epochs=2, limit_val_batches=0)
    assert len(module.seen) == 2
    assert_equal(follow.weights[-1], unscored.weights[-1])


def test_an_update_takes_as_many_operations_for_any_number_of_layers() -> None:
    few, many = (fit(AveragedWeights(DECAY), layers=n)[0].operations.names for n in (2, 12))
    assert few == many
    assert few == {"_foreach_copy_": STEPS + 1, "_foreach_lerp_": STEPS - 1, "add_": STEPS}
    theirs = fit(EMAWeightAveraging(decay=DECAY))[0].operations.names
    assert theirs["_local_scalar_dense"] or theirs["is_nonzero"]  # else nothing is shown


@pytest.mark.parametrize("writer", [AveragedWeights, EMAWeightAveraging])
def test_a_resumed_training_ends_as_the_whole_one(
    writer: type[pl.Callback], tmp_path: Path
) -> None:
    """Also from a checkpoint of a version that averaged by Lightning's class."""
    file = tmp_path / "within.ckpt"
    whole, _ = fit(writer(decay=DECAY), checkpoint=file)
    average = AveragedWeights(DECAY)
    assert average.state_key in torch.load(file, weights_only=False)["callbacks"]
    resumed, _ = fit(average, begin=file)
    assert len(resumed.weights) == STEPS - 4 and average._latest_update_step == STEPS
    assert_equal(whole.weights[-1], resumed.weights[-1])
    if writer is AveragedWeights:
        assert_equal(whole.averages, resumed.averages)
    else:
        assert_close(without_counts(whole.averages), without_counts(resumed.averages))


def test_the_average_follows_the_module_to_its_device() -> None:
    average, module = AveragedWeights(DECAY), Layers()
    average.setup(pl.Trainer(logger=False), module, "fit")
    assert average._average_model is not None
    module.to("meta")  # as a strategy moves it, after that
    average.on_fit_start(pl.Trainer(logger=False), module)
    tensors = [*average._average_model.state_dict().values()]
    assert len(tensors) > 10 and all(tensor.is_meta for tensor in tensors)


@pytest.mark.parametrize("decay", [-0.1, 1.0, 1.5])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(ReIDError, match=r"callbacks\.ema\.decay=.* must be"):
        AveragedWeights(decay)
