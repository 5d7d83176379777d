"""Which errors are reported in a sentence, and which are errors of the program."""

import errno
import math
import os
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from reid_lightning.data import Augmentation
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.engine.callbacks import KeepFindings, LastCheckpoint
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.losses import BatchAllLoss, CenterLoss, Criterion, QuadrupletLoss, TripletLoss
from reid_lightning.losses.recipes import pml_criterion
from reid_lightning.models import Embedder
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2
from reid_lightning.models.pooling import GeM
from reid_lightning.retrieval import NeighbourMean, Rerank


def caught(*raised: BaseException) -> BaseException:
    """The last of `raised`, each raised while the one before is handled."""
    try:
        if len(raised) > 1:
            caught_before = caught(*raised[:-1])
            try:
                raise caught_before
            except BaseException:
                raise raised[-1]  # noqa: B904
        raise raised[0]
    except BaseException as error:
        return error


def from_cause(error: BaseException, cause: BaseException) -> BaseException:
    try:
        raise error from cause
    except BaseException as raised:
        return raised


def missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_the_message_of_an_error_of_ours_is_found_among_its_causes() -> None:
    assert error_message(ReIDError("Not so.")) == "Not so."
    assert error_message(from_cause(RuntimeError("worker"), ReIDError("Not so."))) == "Not so."
    assert error_message(caught(ReIDError("Not so."), OSError("cleanup"))) == "Not so."
    assert error_message(ReIDError("Traceback …\nreid_lightning.errors.ReIDError: No.")) == "No."


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    error = from_cause(ImportError("Error loading"), missing("pytorch_metric_learning.losses"))
    # Where it is installed, only a module of it is missing, which is another fault.
    assert error_message(error) is None
    message = error_message(from_cause(ImportError("Error loading"), missing("no_such_package.x")))
    assert message is not None and "no_such_package.x is not installed" in message


def test_an_error_beside_a_missing_package_is_an_error_of_its_own() -> None:
    error = caught(missing("no_such_package"), ValueError("a bug in the fallback"))
    assert isinstance(error.__context__, ModuleNotFoundError)
    assert error_message(error) is None


@pytest.mark.parametrize("name", ["reid_lightning.no_such_module", "torch.no_such_module"])
def test_a_missing_module_of_an_installed_package_is_no_missing_package(name: str) -> None:
    assert error_message(missing(name)) is None


def backbone() -> torch.nn.Module:
    return torch.nn.Identity()


SIZES = {"num_classes": 4, "embedding_size": 8}
CONSTRUCTORS: dict[str, tuple[Callable, tuple[str, ...]]] = {
    "rerank": (Rerank, ("k1", "k2", "weight")),
    "mean": (partial(NeighbourMean, k=2, alpha=3), ("k", "alpha")),
    "triplet": (partial(TripletLoss, "hard", normalize=True), ("margin",)),
    "batch all": (partial(BatchAllLoss, "all", normalize=True), ("margin",)),
    "quadruplet": (
        partial(QuadrupletLoss, "hard", margin=0.3, margin2=0.1, normalize=True),
        ("margin", "margin2"),
    ),
    "pml": (
        partial(pml_criterion, metric=torch.nn.Identity(), **SIZES, label_smoothing=0),
        ("margin",),
    ),
    "centre": (partial(CenterLoss, 4, 8), ("rate",)),
    "criterion": (
        partial(Criterion, None, **SIZES, label_smoothing=0),
        ("id_weight", "metric_weight", "center_weight", "label_smoothing"),
    ),
    "gem": (GeM, ("p", "eps")),
    "width": (MobileNetV2, ("width",)),
    "embedder": (
        partial(Embedder, backbone(), 4),
        ("dropout", "embedding", "freeze_backbone_epochs"),
    ),
    "augmentation": (Augmentation, ("flip", "crop_padding", "erasing")),
    "set": (partial(DatasetFolder, name="a", root="a", source="a"), ("val_identities",)),
    "last": (partial(LastCheckpoint, "last.ckpt"), ("every_n_steps",)),
    "findings": (partial(KeepFindings, "run", queries=1, length=1), ("queries", "length")),
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -1])
@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_no_constructor_takes_what_is_no_number_of_its_range(name: str, value: float) -> None:
    constructor, arguments = CONSTRUCTORS[name]
    for argument in arguments:
        with pytest.raises(ReIDError, match=rf"\.{argument}={value} must be "):
            constructor(**{argument: value})


@pytest.mark.parametrize("value", [math.nan, -0.1])
def test_every_strength_of_jitter_is_a_number(value: float) -> None:
    for column in range(4):
        jitter = [0.1] * 4
        jitter[column] = value
        with pytest.raises(ReIDError, match="jitter"):
            Augmentation(jitter=jitter)
    with pytest.raises(ReIDError, match="must be a list of 4"):
        Augmentation(jitter=[0.1] * 5)


def test_a_criterion_that_tells_no_identities_apart_is_refused() -> None:
    for metric, weights in (
        (None, {}),
        (None, {"center_weight": 1.0}),
        (TripletLoss("hard", 0.3, normalize=True), {"metric_weight": 0}),
    ):
        with pytest.raises(ReIDError, match=r"Nothing would be trained .* loss\.id_weight=0"):
            Criterion(metric, **SIZES, label_smoothing=0, id_weight=0, **weights)


def test_a_disk_that_refuses_a_file_is_told_with_what_to_do() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/run/x.csv")
    message = error_message(full)
    assert message is not None
    assert message.startswith("/run/x.csv cannot be written (No space left on device): free space")
    for code in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOTDIR, errno.EISDIR):
        message = error_message(OSError(code, os.strerror(code), "/run/x.csv"))
        assert message is not None and "/run/x.csv cannot be read or written" in message
    # A write names no file; torch reports it while the first error is handled.
    nameless = OSError(errno.EDQUOT, "Disk quota exceeded")
    for error in (nameless, caught(nameless, RuntimeError("unexpected pos 704 vs 598"))):
        assert "cannot be written (Disk quota exceeded)" in str(error_message(error))
    shared_memory = RuntimeError("unable to write to file </torch_1>: No space left on device (28)")
    assert "No space left on device" in str(error_message(shared_memory))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 "
            "GiB of which 9.12 MiB is free. If reserved but unallocated memory is large try …"
        ),
        RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_memory_that_is_too_small_is_told_with_the_keys_that_need_less(error: Exception) -> None:
    message = str(error_message(caught(error, ValueError("a worker has ended"))))
    assert message.startswith(f"The memory is too small ({str(error)[:10] or 'MemoryError'}")
    for key in ("data.p", "data.k", "data.eval_batch_size"):
        assert key in message
    assert "79.11" not in message, "what is said of the allocator helps nobody"


def test_the_memory_of_a_cpu_is_one_too() -> None:
    with pytest.raises(RuntimeError) as too_large:
        torch.empty(2**50)
    assert "you tried to allocate 4503599627370496 bytes" in str(error_message(too_large.value))
    with pytest.raises(MemoryError) as too_large:
        np.empty(2**50)
    assert "Unable to allocate 8.00 PiB" in str(error_message(too_large.value))


def test_an_error_that_is_no_disks_is_an_error_of_the_program() -> None:
    assert error_message(OSError("without a number")) is None
    assert error_message(ConnectionResetError(errno.ECONNRESET, "reset")) is None
    missing_file = FileNotFoundError(errno.ENOENT, "No such file or directory", "x")
    assert error_message(caught(missing_file, ValueError("a bug in the answer to it"))) is None
