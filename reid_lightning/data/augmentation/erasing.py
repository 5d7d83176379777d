"""Random erasing (Zhong et al. 2020), distributed as torchvision's `v2.RandomErasing`."""

import numpy as np

from reid_lightning.data.augmentation.uniforms import Uniforms

AREA = (0.02, 0.4)  # share of the picture
ASPECT = (0.3, 3.33)  # height / width, uniform in its logarithm
TRIES = 10
ERASING_COLUMNS = 1 + 2 * TRIES + 2


def boxes(uniforms: Uniforms, height: int, width: int, probability: float) -> np.ndarray:
    """Choose the boxes to erase: the first of ten candidates that is smaller than the picture.

    Args:
        uniforms: [B, 23]: whether to erase, areas and aspects of ten candidates, top and left of
            the chosen one.
        height, width: of the pictures, in pixels.
        probability: that a box is erased in a picture.

    Returns:
        int64 [B, 4]: top, left, bottom, right in pixels, the last two just outside; all are 0
        where nothing is erased.
    """
    share, shape = uniforms[:, 1 : 1 + TRIES], uniforms[:, 1 + TRIES : 1 + 2 * TRIES]
    area = height * width * (AREA[0] + (AREA[1] - AREA[0]) * share)
    aspect = ASPECT[0] * (ASPECT[1] / ASPECT[0]) ** shape
    tall, wide = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = (tall < height) & (wide < width)
    first = fits.argmax(axis=1)[:, None]
    size = np.hstack([np.take_along_axis(side, first, axis=1) for side in (tall, wide)])
    corner = np.floor(uniforms[:, -2:] * (np.array([height, width]) - size + 1))
    # In a picture of a few pixels a candidate may be rounded to nothing.
    some = fits.any(axis=1, keepdims=True) & size.all(axis=1, keepdims=True)
    erased = (uniforms[:, :1] < probability) & some
    return np.where(erased, np.hstack([corner, corner + size]), 0).astype(np.int64)
