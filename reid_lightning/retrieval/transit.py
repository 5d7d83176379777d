"""The probability of a gap in time between two cameras: learning and lookup (Wang et al. 2019)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.errors import ReIDError

BIN_FRAMES = 100
BINS = 5000
SIGMA = 50  # bins
_CUT = 3 * SIGMA


def transit_distributions(
    pids: Tensor, camids: Tensor, times: Tensor, cameras: int | None = None
) -> Tensor:
    """The distribution of gaps in time for each ordered pair of cameras.

    For each identity the mean time at each camera is taken, and for each two cameras the gap
    between the means; gaps are counted in bins of `BIN_FRAMES` frames and smoothed with a Gaussian
    of `SIGMA` bins cut at 3 sigma (Wang, Lai, Huang, Xie: Spatial-Temporal Person
    Re-identification, AAAI 2019). At equal means the camera with the larger number is the later
    one. Gaps of `BINS` bins or more are left out: their lookup gives 0, so they must take no weight
    from the others.

    Args:
        pids, camids: [pictures] of training pictures; negative pids, no person's, are not used.
        times: [pictures] in frames on the cameras' clocks; -1 is unknown, and is not used.
        cameras: their number; None: the largest camid + 1.

    Returns:
        [cameras, cameras, BINS], float32. Entry [later][earlier] sums to 1, or is 0 if no identity
        went that way.

    Raises:
        ReIDError: a camid is negative or not below `cameras`.
    """
    used = (pids >= 0) & (times >= 0)
    pids, camids, times = pids[used], camids[used], times[used]
    most = int(camids.max()) + 1 if len(camids) else 0
    cameras = most if cameras is None else cameras
    if cameras < most or (camids < 0).any():
        raise ReIDError(
            f"Camids of training pictures reach from {int(camids.min())} to {most - 1}, but there "
            f"are {cameras} cameras, counted from 0: give the number of the set's cameras."
        )
    return _smoothed(_histogram(pids, camids, times, cameras))


def probability(
    distributions: Tensor,
    query_camids: Tensor,
    query_times: Tensor,
    gallery_camids: Tensor,
    gallery_times: Tensor,
) -> Tensor:
    """The probability of the gap in time between every query and every gallery picture.

    It is symmetric in the two. It is 0 for two pictures by one camera, a camera that
    `distributions` do not cover, an unknown time (-1), and a gap beyond the last bin.

    Args:
        distributions: [cameras, cameras, BINS], see `transit_distributions`.
        query_camids, query_times: [q], times in frames.
        gallery_camids, gallery_times: [g].

    Returns:
        [q, g], float32.
    """
    cameras = len(distributions)

    def known(camids: Tensor, times: Tensor) -> Tensor:
        return camids.where((camids >= 0) & (camids < cameras) & (times >= 0), cameras)

    query, gallery = known(query_camids, query_times), known(gallery_camids, gallery_times)
    # Unknown cameras and times, and gaps beyond the last bin, find zeros at the end of each axis.
    table = F.pad(distributions, (0, 1, 0, 1, 0, 1))
    tables = torch.stack([table.transpose(0, 1), table])  # gallery later, query later
    scale = cameras + 1  # at equal times the camera with the larger number is the later one
    later = (query_times * scale + query)[:, None] > gallery_times * scale + gallery
    bins = (query_times[:, None] - gallery_times).abs_().floor_divide_(BIN_FRAMES)
    return tables[later.long(), query[:, None], gallery, bins.clamp_(max=BINS)]


def _histogram(pids: Tensor, camids: Tensor, times: Tensor, cameras: int) -> Tensor:
    """The number of identities per gap: [later camera, earlier camera, BINS]."""
    people, person = torch.unique(pids, return_inverse=True)
    cell, shape = person * cameras + camids, (len(people), cameras)
    count = cell.bincount(minlength=len(people) * cameras)
    total = torch.zeros_like(count).index_add_(0, cell, times).view(shape)
    count = count.view(shape)
    # The gap is difference / divisor, in whole numbers: no rounding moves it to the next bin.
    difference = total[:, :, None] * count[:, None] - total[:, None] * count[:, :, None]
    divisor = count[:, :, None] * count[:, None]
    bins = difference // (BIN_FRAMES * divisor).clamp(min=1)
    pair = torch.arange(cameras**2, device=times.device).view(cameras, cameras)
    later = (difference > 0) | ((difference == 0) & (pair > pair.T))  # by number at equal means
    counted = (divisor > 0) & later & (bins < BINS)
    histogram: Tensor = (pair * BINS + bins)[counted].bincount(minlength=cameras**2 * BINS)
    return histogram.view(cameras, cameras, BINS)


def _smoothed(histogram: Tensor) -> Tensor:
    """The smoothed and normalised histogram.

    Smoothing is linear, so normalising before it too, as the paper does, changes nothing.
    """
    kernel = np.exp(-(np.arange(-_CUT, _CUT + 1) ** 2) / (2 * SIGMA**2))
    rows = histogram.view(-1, BINS).double().cpu().numpy()
    # NumPy, because torch's float64 convolution is 20 times slower and unfolds the rows first.
    smooth = torch.from_numpy(np.array([np.convolve(row, kernel, "same") for row in rows]))
    total = smooth.sum(-1, keepdim=True)
    return (smooth / total.where(total > 0, 1)).float().view_as(histogram).to(histogram.device)
