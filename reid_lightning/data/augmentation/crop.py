"""Left-right flip and padded random crop of a batch of pictures."""

import numpy as np
from torch import Tensor

CROP_COLUMNS = 3
Uniforms = np.ndarray  # random numbers, uniform in [0, 1), a row for each picture


def flip_and_crop(pictures: Tensor, uniforms: Uniforms, flip: float, padding: int) -> Tensor:
    """Flip each picture at random, pad every side with black, and cut a window of the old size.

    Args:
        pictures: [B, H, W, 3].
        uniforms: [B, 3]: for the flip, and for the window's top and left edge.
        flip: probability of a flip.
        padding: of every side, in pixels.

    Returns:
        [B, H, W, 3].
    """
    flips = (uniforms[:, 0] < flip).tolist()
    shifts = (uniforms[:, 1:] * (2 * padding + 1)).astype(int) - padding
    _, height, width, _ = pictures.shape
    result = pictures.new_zeros(pictures.shape)
    for source, target, flipped, (down, right) in zip(
        pictures, result, flips, shifts.tolist(), strict=True
    ):
        (from_y, to_y), (from_x, to_x) = _overlap(height, down), _overlap(width, right)
        target[to_y, to_x] = (source.flip(1) if flipped else source)[from_y, from_x]
    return result


def _overlap(length: int, shift: int) -> tuple[slice, slice]:
    """What a window moved by `shift` covers of a side: positions on the side, and in the window."""
    start, stop = min(max(shift, 0), length), max(min(length + shift, length), 0)
    return slice(start, stop), slice(start - shift, stop - shift)
