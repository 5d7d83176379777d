"""The two torch datasets: augmented pictures to train on, plain ones to score."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import torch
from PIL import Image
from torch.utils.data import Dataset

from reid_lightning.data.market1501 import Sample
from reid_lightning.data.pk_batches import Draw
from reid_lightning.errors import ReIDError

Transform = Callable[[Image.Image], torch.Tensor]


class TrainItem(TypedDict):
    """One training picture [3, H, W], its label and its index in the training split."""

    image: torch.Tensor
    label: int
    index: int


class EvalItem(TypedDict):
    """One picture to score [3, H, W]; `index` counts the queries first, then the gallery."""

    image: torch.Tensor
    pid: int
    camid: int
    is_query: bool
    index: int


def decode(path: Path) -> Image.Image:
    """The picture as RGB.

    Raises:
        ReIDError: the file is missing, truncated or no picture.
    """
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise ReIDError(
            f"The picture {path} cannot be read ({error}): restore it from the data set's archive."
        ) from error


class TrainPictures(Dataset[TrainItem]):
    """Training pictures; the augmentation's randomness comes from the draw's own seed."""

    def __init__(
        self, samples: Sequence[Sample], labels: Mapping[int, int], transform: Transform
    ) -> None:
        self.samples, self.labels, self.transform = samples, labels, transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, draw: Draw) -> TrainItem:
        sample = self.samples[draw.picture]
        picture = decode(sample.path)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draw.seed)
            image = self.transform(picture)
        return {"image": image, "label": self.labels[sample.pid], "index": draw.picture}


class EvalPictures(Dataset[EvalItem]):
    """Queries, then gallery."""

    def __init__(
        self, query: Sequence[Sample], gallery: Sequence[Sample], transform: Transform
    ) -> None:
        self.samples = [*query, *gallery]
        self.queries = len(query)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> EvalItem:
        sample = self.samples[index]
        return {
            "image": self.transform(decode(sample.path)),
            "pid": sample.pid,
            "camid": sample.camid,
            "is_query": index < self.queries,
            "index": index,
        }
