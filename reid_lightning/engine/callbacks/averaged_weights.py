"""An exponential moving average of the weights, in a few operations a step."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor, nn

from reid_lightning.signatures import PartialShare, checked


class _Group(NamedTuple):
    """Averages of one type, and where the trained module keeps the tensors that they are of.

    Modules may put another tensor in the place of a buffer: it is looked up in every step.
    """

    averages: list[Tensor]
    places: list[tuple[Mapping[str, Tensor], str]]


@checked("callbacks.ema")
class AveragedWeights(WeightAveraging):
    """Averages weights and batch statistics over the steps; the averages are scored and saved.

    After the first step the average is the weights; after each further one, decay × average +
    (1 - decay) × weights. Whole numbers, such as a count of batches, are copied.

    Lightning's own class averages tensor by tensor, on the CPU even where a GPU trains, and asks
    whether a step is the first: each step waits for the device. Checkpoints are the same.

    Args:
        decay: the average reaches back about 1 / (1 - decay) steps.
    """

    def __init__(self, decay: PartialShare) -> None:
        super().__init__()
        self.decay = decay
        self._begun = False
        self._groups: list[_Group] = []

    @property
    def state_key(self) -> str:
        """That of Lightning's class, which wrote the checkpoints of older versions."""
        return "EMAWeightAveraging"

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Move the average to the device: the module was still on the CPU when it was copied."""
        average = self._average_model
        assert average is not None
        self._begun = bool(average.n_averaged)  # as a checkpoint has it
        average.to(pl_module.device)
        self._groups = _groups(average.module, pl_module)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Update the average after an optimizer step; no number is asked of the device."""
        if trainer.global_step > self._latest_update_step:
            self._update()
            self._latest_update_step = trainer.global_step

    @torch.no_grad()
    def _update(self) -> None:
        for averages, places in self._groups:
            current = [tensors[name] for tensors, name in places]
            dtype = averages[0].dtype
            if not self._begun or not (dtype.is_floating_point or dtype.is_complex):
                torch._foreach_copy_(averages, current)
                continue
            if current[0].dtype != dtype:  # a network of half precision throughout
                current = [tensor.to(dtype) for tensor in current]
            torch._foreach_lerp_(averages, current, 1 - self.decay)
        assert self._average_model is not None
        self._average_model.n_averaged.add_(1)
        self._begun = True


def _groups(average: nn.Module, module: nn.Module) -> list[_Group]:
    """The tensors of `average`, a copy of `module`, by their type and that of the module's."""
    groups, seen = dict[Any, _Group](), set[Tensor]()
    for copied, source in zip(average.modules(), module.modules(), strict=True):
        for kind in ("_parameters", "_buffers"):
            tensors = getattr(source, kind)
            for name, tensor in getattr(copied, kind).items():
                if tensor is None or tensor in seen:
                    continue
                seen.add(tensor)
                group = groups.setdefault((tensor.dtype, tensors[name].dtype), _Group([], []))
                group.averages.append(tensor)
                group.places.append((tensors, name))
    return list(groups.values())
