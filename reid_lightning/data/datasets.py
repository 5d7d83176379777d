"""The two torch datasets, read a batch at a time: pictures to train on, pictures to score."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from reid_lightning.data.sample import Sample
from reid_lightning.data.pictures import Source
from reid_lightning.data.pk_batches import Draw

Batch = dict[str, Any]


class TrainPictures(Dataset[Batch]):
    """Training pictures.

    A batch holds `image` (uint8 [B, H, W, 3]), `label` [B], `index` in the training split [B], and
    `place`, which its augmentation depends on: epoch, step, and place in the global batch.
    """

    def __init__(
        self, samples: Sequence[Sample], labels: Mapping[int, int], source: Source
    ) -> None:
        self.samples, self.source = samples, source
        self.labels = torch.tensor([labels[s.pid] for s in samples])

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, draw: Draw) -> Batch:
        return {
            "image": self.source.read([self.samples[i].path for i in draw.pictures]),
            "label": self.labels[draw.pictures],
            "index": torch.tensor(draw.pictures),
            "place": (draw.epoch, draw.step, draw.first),
        }


class EvalPictures(Dataset[Batch]):
    """Queries, then gallery.

    A batch holds `image` (uint8 [B, H, W, 3]), and `pid`, `camid`, `is_query`, `index` (all [B]);
    `index` counts the queries first, then the gallery.
    """

    def __init__(self, query: Sequence[Sample], gallery: Sequence[Sample], source: Source) -> None:
        self.samples = [*query, *gallery]
        self.queries, self.source = len(query), source

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, indices: list[int]) -> Batch:
        samples, index = [self.samples[i] for i in indices], torch.tensor(indices)
        return {
            "image": self.source.read([s.path for s in samples]),
            "pid": torch.tensor([s.pid for s in samples]),
            "camid": torch.tensor([s.camid for s in samples]),
            "is_query": index < self.queries,
            "index": index,
        }
