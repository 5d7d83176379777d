"""The compiled half of `cropped.py`: flipped windows of pictures, and boxes of zeros."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_lightning.compiled import compiled

Array = NDArray[Any]


@compiled
def _write_reversed(pixels: Array, reversed_pixels: Array) -> None:
    # Unsigned indices cannot mean "from the end": this loop is vectorised.
    zero, one, two, three = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
    source, target = np.uint64(pixels.size), zero
    while source > zero:
        source -= three
        reversed_pixels[target] = pixels[source]
        reversed_pixels[target + one] = pixels[source + one]
        reversed_pixels[target + two] = pixels[source + two]
        target += three


@compiled
def cut_windows(pictures: Array, windows: Array, cut: Array) -> None:
    """Write the windows of pictures to `cut`.

    Args:
        pictures: uint8 [B, H, W, 3].
        windows: int64 [B, 3]: see `cropped_input`.
        cut: uint8 [B, H, W, 3].
    """
    height, width = pictures.shape[1], pictures.shape[2]
    for index in range(len(windows)):
        flipped, down, right = windows[index]
        # The columns of the window that are inside the picture, and where the first comes from.
        first, stop = min(max(-right, 0), width), max(min(width - right, width), 0)
        source_first = width - right - stop if flipped else first + right
        for y in range(height):
            row = cut[index, y]
            if y + down < 0 or y + down >= height or first >= stop:
                row[:] = 0
                continue
            row[:first] = 0
            row[stop:] = 0
            source = pictures[index, y + down, source_first : source_first + stop - first]
            if flipped:
                _write_reversed(source.reshape(-1), row[first:stop].reshape(-1))
            else:
                row[first:stop] = source


@compiled
def erase_boxes(boxes: Array, images: Array) -> None:
    """Set the boxes of `images` to zero.

    Args:
        boxes: int64 [B, 4]: see `cropped_input`.
        images: float32 [B, H, W, 3].
    """
    for index in range(len(boxes)):
        top, left, bottom, right = boxes[index]
        for y in range(top, bottom):
            images[index, y, left:right] = 0
