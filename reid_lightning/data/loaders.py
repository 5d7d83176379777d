"""The DataLoader of a dataset whose items are whole batches."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable
from multiprocessing.connection import wait

from torch.utils.data import DataLoader, Dataset

from reid_lightning.data.datasets import Batch
from reid_lightning.data.decoder import Decoder
from reid_lightning.data.pictures import Source

_START_METHOD = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


def make_loader(
    batches: Dataset[Batch],
    source: Source | None,
    *,
    workers: int,
    gpu: bool,
    sampler: Iterable[int] | None = None,
) -> DataLoader[Batch]:
    """Load whole batches.

    Worker processes are started only where they help: to decode, or to copy pictures while a GPU
    is busy. A CPU that trains copies a batch of decoded pictures itself within a few milliseconds.

    Args:
        batches: the dataset; each item is a batch.
        source: where `batches` gets its pixels from; None: they have none.
        workers: the most worker processes.
        gpu: whether the batches go to a GPU.
        sampler: numbers of batches; all of them in order if left out.
    """
    copies = gpu and source is not None
    workers = workers if copies or isinstance(source, Decoder) else 0
    return DataLoader(
        batches,
        batch_size=None,
        sampler=sampler,
        num_workers=workers,
        pin_memory=copies,
        persistent_workers=workers > 0,
        # Not that of this process: joblib's workers have one in which no loader can start another.
        multiprocessing_context=_START_METHOD if workers > 0 else None,
        worker_init_fn=_end_with_parent,
    )


def _end_with_parent(worker: int) -> None:
    """End a worker when its parent ends or tells it to, and not before: it still needs batches.

    Signals to a whole group (Ctrl-C, `timeout`) are for the parent to answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # in threads to come, too
        threading.Thread(target=_await_sigterm_of_parent, daemon=True).start()
    threading.Thread(target=_await_end_of_parent, daemon=True).start()


def _await_end_of_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _await_sigterm_of_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
