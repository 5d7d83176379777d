"""The DataLoader of a dataset that reads whole batches."""

from collections.abc import Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset

from reid_lightning.data.datasets import Batch
from reid_lightning.data.pictures import Decoder, Source


def make_loader(
    pictures: Dataset[Batch], batches: Any, source: Source, *, workers: int, gpu: bool
) -> DataLoader[Batch]:
    """Batches of `pictures` as the batch sampler `batches` deals them.

    Worker processes are started where they have something to do: decode, or copy pictures while a
    GPU is busy. A CPU that trains copies a batch of decoded ones itself within a few milliseconds.
    """
    workers = workers if gpu or isinstance(source, Decoder) else 0
    return DataLoader(
        pictures,
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=_as_it_is,
        pin_memory=gpu,
        persistent_workers=workers > 0,
    )


def _as_it_is(batch: Sequence[Any]) -> Any:
    return batch
