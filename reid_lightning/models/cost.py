"""What a network costs: its size, and the arithmetic and the numbers that a picture takes."""

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from reid_lightning.errors import ReIDError, memory_error
from reid_lightning.models.embedder import Embedder

log = logging.getLogger(__name__)

_CLASSIFIERS = ("classifier", "part_classifiers")  # which no embedding needs


class Cost(NamedTuple):
    """What embedding one picture takes; classifiers are left out, as papers leave them out.

    `gmacs` are 10⁹ multiply-adds of convolutions, linear layers and attention, half of what torch's
    `FlopCounterMode` counts; None where they cannot be counted.
    """

    parameters: int
    gmacs: float | None
    embedding_size: int


def network_cost(model: Embedder, height: int, width: int, device: torch.device) -> Cost:
    """Embed one black picture by a copy of `model`, which stays as it is, and count.

    Args:
        model: whose classifiers are modules of that name.
        height, width: of the picture, in pixels.
        device: for networks that do not run on the CPU.

    Raises:
        ReIDError: the network takes no such picture.
    """
    sizes = {name: weight.numel() for name, weight in model.named_parameters()}
    parameters = sum(n for name, n in sizes.items() if name.split(".")[0] not in _CLASSIFIERS)
    return Cost(parameters, _gmacs(model, height, width, device), model.embedding_size)


def _gmacs(model: Embedder, height: int, width: int, device: torch.device) -> float | None:
    try:
        copied = copy.deepcopy(model).eval()
    except Exception as error:  # of any backbone's own parts
        _log_not_counted(error)
        return None
    for at in dict.fromkeys((torch.device("cpu"), device)):
        try:
            return _counted(copied.to(at), height, width, at)
        except (RuntimeError, ValueError, AssertionError) as error:  # timm asserts the size
            if memory_error(error):
                raise
            failure = error
    raise ReIDError(
        f"The network takes no pictures of data.height={height} × data.width={width}: "
        f"{first_line(failure)}."
    ) from failure


def _counted(model: Embedder, height: int, width: int, device: torch.device) -> float | None:
    images = torch.zeros(1, 3, height, width, device=device)
    counter = FlopCounterMode(display=False)
    with _counted_operators(device):
        try:
            with counter:
                model(images)
        except Exception as error:  # of the network, or of the counting alone?
            model(images)
            _log_not_counted(error)
            return None
    counts = {name: sum(flops.values()) for name, flops in counter.get_flop_counts().items()}
    classifiers = sum(n for name, n in counts.items() if _is_classifier(name.split(".")))
    return (counter.get_total_flops() - classifiers) / 2e9


@contextmanager
def _counted_operators(device: torch.device) -> Iterator[None]:
    """Without what counts as nothing: compiled code, and fused attention; random numbers stay."""
    gpus = [] if device.type == "cpu" else [device]
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            torch.no_grad(),
            torch.compiler.set_stance("force_eager"),
            sdpa_kernel(SDPBackend.MATH),
            torch.random.fork_rng(gpus, device_type=device.type),
        ):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def _is_classifier(path: list[str]) -> bool:
    """Whether a module, from the embedder on, is a classifier, and not a module in one."""
    return path[1:] == ["classifier"] or (len(path) == 3 and path[1] == "part_classifiers")


def _log_not_counted(error: Exception) -> None:
    log.warning("The network's GMACs cannot be counted (%s).", first_line(error))


def first_line(error: Exception) -> str:
    """Of an error's text, which may hold a stack of calls; else the error's class."""
    return str(error).partition("\n")[0].rstrip(". ") or type(error).__name__
