"""The network's forward and backward pass as CUDA graphs: launched once, not kernel by kernel."""

import copy

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from reid_lightning.errors import ReIDError, memory_error
from reid_lightning.models import Embedder, Features


class _Captured(nn.Module):
    """The network without its hooks: what is captured gets a `forward` that copies would share."""

    def __init__(self, network: Embedder) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The network's features, as a plain tuple."""
        return tuple(self.network.forward(images))


class GraphedNetwork:
    """Trains a network by graphs that are captured from its first batch (Ng et al. 2021).

    Outputs, gradients and batch statistics are those of the network itself. Parameters and buffers
    must stay in place, and gradients are overwritten by the next batch: none can be accumulated.

    Args:
        network: on a CUDA device, in training mode.
    """

    def __init__(self, network: Embedder) -> None:
        self.network = network
        self._captured: _Captured | None = None
        self._batch: object = None  # shape and type of the captured one
        self._state: list[object] = []

    def __deepcopy__(self, memo: dict[int, object]) -> "GraphedNetwork":
        return GraphedNetwork(copy.deepcopy(self.network, memo))

    def prepare(self, images: Tensor) -> None:
        """Capture, unless that is done; to be called before random generators are seeded.

        Raises:
            ReIDError: the network cannot be captured.
        """
        if self._captured is not None:
            return
        captured, buffers = _Captured(self.network), list(self.network.buffers())
        before = [buffer.clone() for buffer in buffers]
        try:
            _capture(captured, images)
        except RuntimeError as error:
            if memory_error(error):
                raise
            reason = str(error).partition("\n")[0]
            raise ReIDError(
                f"The network cannot be captured as a CUDA graph ({reason}): set cuda_graphs=false."
            ) from error
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)  # the capture's own passes have moved the batch statistics
        self._captured, self._batch = captured, (images.shape, images.dtype)

    def __call__(self, images: Tensor) -> Features:
        """The features; of batches of another shape, which graphs cannot take, by the network."""
        if self._captured is None or (images.shape, images.dtype) != self._batch:
            features: Features = self.network(images)
            return features
        return Features(*self._captured(images))

    def forget_if_changed(self) -> None:
        """Capture again if a layer was frozen or thawed, or a tensor is no longer where it was."""
        state: list[object] = [module.training for module in self.network.modules()]
        for tensor in (*self.network.parameters(), *self.network.buffers()):
            state += tensor.data_ptr(), tensor.requires_grad
        if state != self._state:
            self.forget()
        self._state = state

    def forget(self) -> None:
        """Free the memory of the graphs."""
        self._captured = self._batch = None


def why_no_graphs(trainer: pl.Trainer) -> str:
    """What of a training graphs cannot do; empty if nothing."""
    if trainer.world_size > 1:
        return "they are for one process"
    if trainer.accumulate_grad_batches > 1:
        return "trainer.accumulate_grad_batches adds gradients up, which graphs overwrite"
    return ""


def _capture(module: _Captured, images: Tensor) -> None:
    # Parameters that a loss leaves out have no gradient, with graphs as without.
    torch.cuda.make_graphed_callables(module, (images.detach().clone(),), allow_unused_input=True)
