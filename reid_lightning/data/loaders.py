"""The DataLoader of a dataset whose items are whole batches."""

import multiprocessing
from collections.abc import Iterable

from torch.utils.data import DataLoader, Dataset

from reid_lightning.data.datasets import Batch
from reid_lightning.data.pictures import Decoder, Source


_START_METHOD = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


def make_loader(
    batches: Dataset[Batch],
    source: Source,
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
        source: where `batches` gets its pixels from.
        workers: the most worker processes.
        gpu: whether the batches go to a GPU.
        sampler: numbers of batches; all of them in order if left out.
    """
    workers = workers if gpu or isinstance(source, Decoder) else 0
    return DataLoader(
        batches,
        batch_size=None,
        sampler=sampler,
        num_workers=workers,
        pin_memory=gpu,
        persistent_workers=workers > 0,
        # Not that of this process: joblib's workers have one in which no loader can start another.
        multiprocessing_context=_START_METHOD if workers > 0 else None,
    )
