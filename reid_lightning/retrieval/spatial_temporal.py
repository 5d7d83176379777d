"""Ranking by appearance and by when and where pictures were taken (st-ReID, Wang et al. 2019)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor

from reid_lightning.distances import all_finite, at_least_float32
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, replaced_atomically
from reid_lightning.retrieval.transit import (
    BIN_FRAMES,
    BINS,
    probability,
    transit_distributions,
)

_CANNOT_LEARN = "Nothing spatial-temporal can be learnt from this set: "


def joint_score(similarity: Tensor, probability: Tensor) -> Tensor:
    """Appearance and time in one score [q, g], the larger the more likely (Wang et al. 2019).

    1/(1 + λ e^(-γ s)) · 1/(1 + λ' e^(-γ' p)) with λ = 1, γ = 5, λ' = 2, γ' = 5.

    Args:
        similarity: cosine similarity s, [q, g].
        probability: p, [q, g], see `transit.probability`.
    """
    s, p = at_least_float32(similarity), at_least_float32(probability)
    return torch.sigmoid(5 * s) * torch.sigmoid(5 * p - math.log(2))  # 2 e^-x = e^-(x - log 2)


@dataclass(frozen=True, eq=False)
class SpatialTemporal:
    """The times that people need between a set's cameras, learnt from its training pictures.

    Args:
        distributions: [cameras, cameras, BINS], see `transit_distributions`.
    """

    distributions: Tensor

    @classmethod
    def fit(
        cls, pids: Tensor, camids: Tensor, times: Tensor, cameras: int | None = None
    ) -> "SpatialTemporal":
        """Learn from training pictures; arguments as for `transit_distributions`.

        Raises:
            ReIDError: the set has no times, no identity was seen by two cameras, or a camid is not
                below `cameras`.
        """
        if (times < 0).all():
            raise ReIDError(
                f"{_CANNOT_LEARN}its training pictures have no times (data.clock=none). Leave it "
                "out of retrieval, or set data.clock=sequences if the file names' frame numbers "
                "count on a clock."
            )
        distributions = transit_distributions(pids, camids, times, cameras)
        if not distributions.any():
            raise ReIDError(
                f"{_CANNOT_LEARN}no training identity was seen by two cameras less than "
                f"{BIN_FRAMES * BINS:,} frames apart. Leave it out of retrieval."
            )
        return cls(distributions)

    def probability(
        self,
        query_camids: Tensor,
        query_times: Tensor,
        gallery_camids: Tensor,
        gallery_times: Tensor,
    ) -> Tensor:
        """See `transit.probability`; [q, g], on the device of the arguments."""
        table = self.distributions.to(query_camids.device)
        return probability(table, query_camids, query_times, gallery_camids, gallery_times)

    def save(self, path: Path) -> None:
        """Write the distributions to `path` (.pt)."""
        with replaced_atomically(path) as partial:
            torch.save({"distributions": self.distributions.cpu()}, partial)

    @classmethod
    def load(cls, path: Path) -> "SpatialTemporal":
        """Read a file that `save` wrote, without running any code in it.

        Raises:
            ReIDError: the file is missing, or holds something else.
        """
        distributions = load_file(path).get("distributions")
        if not _are_distributions(distributions):
            raise ReIDError(
                f"{path} holds no distributions over pairs of cameras: it was not written by "
                "SpatialTemporal.save; fit one on the training pictures."
            )
        return cls(distributions)


def _are_distributions(value: object) -> TypeGuard[Tensor]:
    if not isinstance(value, Tensor) or value.shape != (*value.shape[:1] * 2, BINS):
        return False
    return all_finite(value) and bool((value >= 0).all())
