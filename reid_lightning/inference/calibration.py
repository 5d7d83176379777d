"""What a similarity means: of one network, measured on people that it was not trained on."""

import math
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le, Len, Lt
from scipy.special import expit, logit

from reid_lightning.errors import ReIDError
from reid_lightning.inference.embedding_model import EmbeddingModel
from reid_lightning.signatures import Count, Share, Size, Text

Cosine = Annotated[float, Ge(-1.001), Le(1.001)]
Prior = Annotated[float, Gt(0), Lt(1)]
FALSE_MATCH_RATES = (0.01, 0.001)


class MatchThreshold(NamedTuple):
    """The similarity that a share of the pairs of two people reach.

    Args:
        similarity: of the threshold.
        low, high: a 95% interval of it, over people.
        found: the share of the pairs of one person that reach it.
    """

    similarity: Cosine
    low: Cosine
    high: Cosine
    found: Share


class AbsentThreshold(NamedTuple):
    """The similarity that the best result reaches, of a share of the people not in a gallery.

    Args:
        similarity: of the threshold.
        rate: the share of them.
        gallery: its number of pictures.
        per_person: pictures of a person; with fewer, a gallery of this size holds more people, and
            more of the searches reach the similarity.
    """

    similarity: float
    rate: float
    gallery: int
    per_person: float

    def __str__(self) -> str:
        return (
            f"{self.similarity:.3f}, which the best results of {self.rate:.0%} of the people who "
            f"are not in a gallery of {self.gallery:,} pictures, {self.per_person:.0f} a person, "
            "reach"
        )


class Calibration(NamedTuple):
    """What similarities of one network's embeddings mean.

    Args:
        model: the digest of the network, see `EmbeddingModel`.
        height, width: of its input, in pixels.
        data: the set whose held-out people it was measured on.
        people, pictures: how many there were of them.
        cameras: of these pictures; None: the set has no cameras.
        same_pairs, other_pairs: pairs of pictures of one person, and of two, by two cameras.
        intercept, slope: of the log-odds of one person at a similarity, both kinds of pairs
            weighing the same.
        false_match_1_percent, false_match_0_1_percent: thresholds; None: too few people for it.
        absent_rate: the share of searches for somebody who is not in the gallery whose best result
            reaches the similarity of `absent_similarities`.
        absent_sizes: of galleries, in pictures, ascending.
        absent_similarities: the threshold for each.
    """

    model: Text
    height: Size
    width: Size
    data: Text
    people: Count
    pictures: Count
    cameras: Count | None
    same_pairs: Count
    other_pairs: Count
    intercept: Annotated[float, Ge(-1e6), Le(1e6)]
    slope: Annotated[float, Ge(-1e6), Le(1e6)]
    false_match_1_percent: MatchThreshold | None
    false_match_0_1_percent: MatchThreshold | None
    absent_rate: Prior
    absent_sizes: Annotated[list[Count], Len(1, 1000)]
    absent_similarities: Annotated[list[Cosine], Len(1, 1000)]

    def probability(self, similarity: float, prior: float = 0.5) -> float:
        """How probable it is that two pictures show one person.

        Args:
            similarity: of their embeddings.
            prior: how probable it was before they were compared.
        """
        return float(expit(self.intercept + self.slope * similarity + logit(prior)))

    def absent_threshold(self, gallery: int) -> "AbsentThreshold | None":
        """The similarity that `absent_rate` of the searches for absent people reach.

        Args:
            gallery: its number of pictures.

        Returns:
            None where the gallery is larger than the held-out people allow to say.
        """
        if not 1 <= gallery <= self.absent_sizes[-1]:
            return None
        sizes = np.log(self.absent_sizes)
        similarity = float(np.interp(math.log(gallery), sizes, self.absent_similarities))
        per_person = self.pictures / self.people
        return AbsentThreshold(similarity, self.absent_rate, gallery, per_person)

    @property
    def too_large(self) -> str:
        """Why a larger gallery has no `absent_threshold`."""
        return (
            f"{self.people} people held out tell it of galleries of {self.absent_sizes[-1]:,} "
            "pictures at most (data.val_identities)"
        )

    def check(self, path: Path, model: EmbeddingModel) -> None:
        """Raise a `ReIDError` unless this, read from `path`, is of that model."""
        if self.model != model.digest:
            raise ReIDError(
                f"{path} is the calibration of another model: similarities of two networks cannot "
                "be compared. Name the one that was trained with this model."
            )
        if (self.height, self.width) != (model.height, model.width):
            raise ReIDError(
                f"{path} was measured at {self.height} × {self.width}, and pictures are embedded "
                f"at {model.height} × {model.width}: leave size= out."
            )
