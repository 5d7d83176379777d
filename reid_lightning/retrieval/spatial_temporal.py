"""Ranking by appearance and by when and where pictures were taken (st-ReID, Wang et al. 2019)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor

from reid_lightning.distances import at_least_float32
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, save_file
from reid_lightning.retrieval.transit import (
    BIN_FRAMES,
    BINS,
    probability,
    transit_distributions,
)

_MOST_CAMERAS = 256  # with a distribution of 20 kB for every two of them
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
        cameras: [cameras], their camids in ascending order.
    """

    distributions: Tensor
    cameras: Tensor

    @classmethod
    def fit(
        cls, pids: Tensor, camids: Tensor, times: Tensor, more_camids: Tensor | None = None
    ) -> "SpatialTemporal":
        """Learn from training pictures.

        Args:
            pids, camids, times: as for `transit_distributions`, but camids may be any integers.
            more_camids: [n] of the set's other pictures, whose cameras are known then.

        Raises:
            ReIDError: the set has no times, no identity was seen by two cameras, or there are too
                many cameras.
        """
        if (times < 0).all():
            raise ReIDError(
                f"{_CANNOT_LEARN}its training pictures have no times (data.clock=none). Leave it "
                "out of retrieval, or set data.clock=sequences if the file names' frame numbers "
                "count on a clock."
            )
        known = camids if more_camids is None else torch.cat([camids, more_camids])
        cameras, index = torch.unique(known, return_inverse=True)
        if len(cameras) > _MOST_CAMERAS:
            raise ReIDError(
                f"{_CANNOT_LEARN}it has {len(cameras):,} cameras, and {_MOST_CAMERAS} are the "
                "most: every two of them need people who were seen by both. Leave it out of "
                "retrieval."
            )
        distributions = transit_distributions(pids, index[: len(pids)], times, len(cameras))
        if not distributions.any():
            raise ReIDError(
                f"{_CANNOT_LEARN}no training identity was seen by two cameras less than "
                f"{BIN_FRAMES * BINS:,} frames apart. Leave it out of retrieval."
            )
        return cls(distributions, cameras)

    def probability(
        self,
        query_camids: Tensor,
        query_times: Tensor,
        gallery_camids: Tensor,
        gallery_times: Tensor,
    ) -> Tensor:
        """See `transit.probability`; [q, g], on the device of the arguments."""
        device = query_camids.device
        table, cameras = self.distributions.to(device), self.cameras.to(device)

        def index(camids: Tensor) -> Tensor:
            found = torch.searchsorted(cameras, camids.contiguous()).clamp(max=len(cameras) - 1)
            return found.where(cameras[found] == camids, -1)

        query, gallery = index(query_camids), index(gallery_camids)
        return probability(table, query, query_times, gallery, gallery_times)

    def save(self, path: Path) -> None:
        """Write the distributions and their cameras to `path` (.pt)."""
        save_file({"distributions": self.distributions.cpu(), "cameras": self.cameras.cpu()}, path)

    @classmethod
    def load(cls, path: Path) -> "SpatialTemporal":
        """Read a file that `save` wrote, without running any code in it.

        Raises:
            ReIDError: the file is missing, or holds something else.
        """
        content = load_file(path)
        distributions = content.get("distributions")
        if not _are_distributions(distributions):
            raise ReIDError(
                f"{path} holds no distributions over pairs of cameras: it was not written by "
                "SpatialTemporal.save; fit one on the training pictures."
            )
        # Files of 0.1 have a place for every camera number from 0.
        cameras = content.get("cameras", torch.arange(len(distributions)))
        if not _are_cameras(cameras, len(distributions)):
            raise ReIDError(f"{path} does not say of which cameras its distributions are.")
        return cls(distributions, cameras)


def _are_distributions(value: object) -> TypeGuard[Tensor]:
    if not isinstance(value, Tensor) or value.shape != (*value.shape[:1] * 2, BINS):
        return False
    if value.layout != torch.strided or value.is_meta or not value.is_floating_point():
        return False
    return bool(((value >= 0) & (value <= 1)).all())  # NaN is neither


def _are_cameras(value: object, count: int) -> TypeGuard[Tensor]:
    if not isinstance(value, Tensor) or value.dtype != torch.int64 or value.shape != (count,):
        return False
    return bool((value.diff() > 0).all())
