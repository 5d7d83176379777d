"""Left-right flips and windows of padded pictures, chosen at random."""

import numpy as np

from reid_lightning.data.augmentation.uniforms import Uniforms

CROP_COLUMNS = 3


def windows(uniforms: Uniforms, flip: float, padding: int) -> np.ndarray:
    """Choose the window of the old size that is cut out of each picture, padded on every side.

    Args:
        uniforms: [B, 3]: for the flip, and for the window's top and left edge.
        flip: probability of a flip, which comes before the cut.
        padding: of every side, in pixels.

    Returns:
        int64 [B, 3]: whether to flip (0 or 1), and how many pixels the window is moved down and
        to the right of the picture's own place.
    """
    flips = uniforms[:, :1] < flip
    shifts = (uniforms[:, 1:] * (2 * padding + 1)).astype(np.int64) - padding
    return np.hstack([flips, shifts])
