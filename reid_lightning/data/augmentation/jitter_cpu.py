"""The compiled changes of `jitter.py`: those of one picture after the other, in its own order.

Each is rounded as PyTorch's operations round it, one after the other in float32, so that the pixels
are those of `jitter_torch` bit for bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_lightning.compiled import compiled

Array = NDArray[Any]
BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # the order of jitter.CHANGES

# Numba computes in float64 with a plain number.
_ZERO, _ONE, _FOUR, _SIX = np.float32(0), np.float32(1), np.float32(4), np.float32(6)
_RED, _GREEN, _BLUE = np.float32(0.2989), np.float32(0.587), np.float32(0.114)  # shares of grey
_WHITE = np.float32(255)


@compiled
def _grey(planes: Array, grey: Array) -> None:
    red, green, blue = planes[0], planes[1], planes[2]
    for i in range(grey.size):
        grey[i] = _RED * red[i] + _GREEN * green[i] + _BLUE * blue[i]


@compiled
def _blend(plane: Array, others: Array, factor: Any) -> None:
    share = _ONE - factor
    for i in range(plane.size):
        plane[i] = min(max(plane[i] * factor + others[i] * share, _ZERO), _ONE)


@compiled
def _turned(value: Any, chroma: Any, sixths: Any) -> Any:
    # The remainder of the division by six is exact; `sixths` is from -4 to 14.
    if sixths < _ZERO:
        k = sixths + _SIX
    elif sixths >= _SIX + _SIX:
        k = sixths - _SIX - _SIX
    elif sixths >= _SIX:
        k = sixths - _SIX
    else:
        k = sixths
    return value - chroma * min(max(min(k, _FOUR - k), _ZERO), _ONE)


@compiled
def _turn_hue(planes: Array, factor: Any) -> None:
    turn = _SIX * factor
    reds, greens, blues = planes[0], planes[1], planes[2]
    for i in range(reds.size):
        red, green, blue = reds[i], greens[i], blues[i]
        value = max(red, green, blue)
        chroma = value - min(red, green, blue)
        if value == red:
            difference, offset = green - blue, _ZERO
        elif value == green:
            difference, offset = blue - red, np.float32(2)
        else:
            difference, offset = red - green, _FOUR
        sixths = difference / (_ONE if chroma == _ZERO else chroma) + (offset + turn)
        reds[i] = _turned(value, chroma, sixths + np.float32(5))
        greens[i] = _turned(value, chroma, sixths + np.float32(3))
        blues[i] = _turned(value, chroma, sixths + _ONE)


@compiled
def _change(planes: Array, change: int, factors: Array, grey: Array) -> None:
    if change == BRIGHTNESS:
        grey[:] = _ZERO
    elif change == SATURATION:
        _grey(planes, grey)
    if change == HUE:
        _turn_hue(planes, factors[HUE])
    elif change >= 0:
        for channel in range(3):
            _blend(planes[channel], grey, factors[change])


@compiled
def until_contrast(
    begin: int, end: int, pictures: Array, order: Array, factors: Array, images: Array, grey: Array
) -> None:
    """Write pictures `begin` to `end` as images, changed by what comes before the contrast.

    Args:
        begin, end: indices of pictures.
        pictures: uint8 [B, pixels, 3].
        order: int64 [B, 4], changes; -1 changes nothing.
        factors: float32 [B, 4], of each change.
        images: float32 [B, 3, pixels], written.
        grey: float32 [B, pixels], written.
    """
    for index in range(begin, end):
        planes = images[index]
        for channel in range(3):
            for i in range(planes.shape[1]):
                planes[channel, i] = np.float32(pictures[index, i, channel]) / _WHITE
        for change in order[index]:
            if change == CONTRAST:
                break
            _change(planes, change, factors[index], grey[index])
        _grey(planes, grey[index])


@compiled
def from_contrast(
    begin: int,
    end: int,
    order: Array,
    factors: Array,
    images: Array,
    grey: Array,
    means: Array,
    result: Array,
) -> None:
    """Change images by the contrast and by what comes after it, and write them as pictures.

    Args:
        begin, end, order, factors, images: see `until_contrast`.
        grey: float32 [B, pixels], overwritten.
        means: float32 [B], of the greys.
        result: uint8 [B, pixels, 3], written.
    """
    for index in range(begin, end):
        planes, after = images[index], False
        for change in order[index]:
            if change == CONTRAST:
                after = True
                grey[index, :] = means[index]
                for channel in range(3):
                    _blend(planes[channel], grey[index], factors[index, CONTRAST])
            elif after:
                _change(planes, change, factors[index], grey[index])
        for channel in range(3):
            for i in range(planes.shape[1]):
                result[index, i, channel] = np.uint8(np.rint(planes[channel, i] * _WHITE))
