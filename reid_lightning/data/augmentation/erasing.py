"""Random erasing (Zhong et al. 2020), with torchvision's `v2.RandomErasing` as its model."""

import numpy as np
from torch import Tensor

from reid_lightning.data.augmentation.crop import Uniforms

AREA = (0.02, 0.4)  # share of the picture
ASPECT = (0.3, 3.33)  # height / width, uniform in its logarithm
TRIES = 10
ERASING_COLUMNS = 1 + 2 * TRIES + 2


def boxes(draws: Uniforms, height: int, width: int, probability: float) -> list[tuple[int, ...]]:
    """What is erased: (picture, top, left, height, width) in pixels.

    The first of ten boxes that is smaller than the picture is taken; if none is, nothing.

    Args:
        draws: [B, 23]: whether at all, area and aspect of ten boxes, the place of the one taken.
        height, width: of the pictures, in pixels.
        probability: that a picture is erased in.
    """
    share, shape = draws[:, 1 : 1 + TRIES], draws[:, 1 + TRIES : 1 + 2 * TRIES]
    area = height * width * (AREA[0] + (AREA[1] - AREA[0]) * share)
    aspect = ASPECT[0] * (ASPECT[1] / ASPECT[0]) ** shape
    tall, wide = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = (tall < height) & (wide < width)
    first = fits.argmax(axis=1)[:, None]
    size = np.hstack([np.take_along_axis(side, first, axis=1) for side in (tall, wide)])
    corner = np.floor(draws[:, -2:] * (np.array([height, width]) - size + 1))
    taken = np.flatnonzero((draws[:, 0] < probability) & fits.any(axis=1))
    found = np.hstack([taken[:, None], corner[taken], size[taken]]).astype(int)
    return [tuple(box) for box in found.tolist()]


def erase(images: Tensor, found: list[tuple[int, ...]]) -> None:
    """Set boxes of the normalised pictures [B, 3, H, W] to zero, the mean colour, in place."""
    for picture, top, left, height, width in found:
        images[picture, :, top : top + height, left : left + width] = 0

