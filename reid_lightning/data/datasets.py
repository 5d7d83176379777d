"""The two torch datasets, whose items are whole batches: to train on, and to score."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from reid_lightning.data.pictures import Source
from reid_lightning.data.pk_batches import PKBatches
from reid_lightning.data.sample import Sample

Batch = dict[str, Any]


class TrainPictures(Dataset[Batch]):
    """Training batches by their number over all epochs: epoch · steps + step.

    A batch holds `image` (uint8 [B, H, W, 3]; left out if the device keeps the pictures), `label`
    [B], `index` in the training split [B], and `position`, which the augmentation depends on:
    epoch, step, and the index of the batch's first picture in the global batch.

    Args:
        samples: the training split.
        batches: which of them make a batch.
        source: their pixels; None if the device keeps them.
    """

    def __init__(
        self, samples: Sequence[Sample], batches: PKBatches, source: Source | None
    ) -> None:
        self.pictures = [sample.picture for sample in samples]
        self.batches, self.source = batches, source
        self.labels = torch.tensor(batches.labels)

    def __getitem__(self, batch_number: int) -> Batch:
        indices, *position = self.batches.batch(*divmod(batch_number, len(self.batches)))
        index = torch.tensor(indices)
        batch = {"label": self.labels[index], "index": index, "position": tuple(position)}
        if self.source is not None:
            batch["image"] = self.source.read([self.pictures[i] for i in indices])
        return batch


class EvalPictures(Dataset[Batch]):
    """Batches of queries, then gallery.

    A batch holds `image` (uint8 [B, H, W, 3]), and `pid`, `camid`, `is_query`, `index` (all [B]);
    `index` counts the queries first, then the gallery. B may be 0.

    Args:
        query, gallery: the samples.
        batches: the indices that make each batch.
        source: the pixels.
    """

    def __init__(
        self,
        query: Sequence[Sample],
        gallery: Sequence[Sample],
        batches: Sequence[list[int]],
        source: Source,
    ) -> None:
        self.samples, self.queries = [*query, *gallery], len(query)
        self.batches, self.source = batches, source

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, batch_number: int) -> Batch:
        indices = self.batches[batch_number]
        samples, index = [self.samples[i] for i in indices], _int64(indices)
        return {
            "image": self.source.read([s.picture for s in samples]),
            "pid": _int64([s.pid for s in samples]),
            "camid": _int64([s.camid for s in samples]),
            "is_query": index < self.queries,
            "index": index,
        }


def _int64(values: list[int]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64)  # an empty list alone would be float32
