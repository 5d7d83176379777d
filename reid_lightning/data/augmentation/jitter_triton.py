# ruff: noqa: ANN001, ANN202, N803 (Triton compiles its kernels untyped)
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""The changes of `jitter.py` on a GPU: two kernels and a mean, whatever the pictures' orders.

Operations of PyTorch would be hundreds: each picture has an order of its own. Each is rounded as
PyTorch rounds it on the CPU (no fused multiply-add, exact division), so that only the sum of the
mean may be rounded otherwise.
"""

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

_PIXELS_PER_PROGRAM = 1024
_CONTRAST, _SATURATION, _HUE = tl.constexpr(1), tl.constexpr(2), tl.constexpr(3)
_BIG = tl.constexpr(1.5 * 2**23)  # adding and subtracting it rounds to whole numbers, ties to even


def jitter_triton(pictures: Tensor, factors: np.ndarray, order: np.ndarray) -> Tensor:
    """As `jitter_torch`, on a GPU."""
    batch, height, width, _ = pictures.shape
    pictures, pixels = pictures.contiguous(), height * width
    in_order = np.take_along_axis(factors, order.clip(0), axis=1)
    table = torch.from_numpy(np.hstack([order, in_order]).astype(np.float32))
    table = table.to(pictures.device, non_blocking=True)
    grey = torch.empty(batch, pixels, device=pictures.device)
    result = torch.empty_like(pictures)
    grid = batch, triton.cdiv(pixels, _PIXELS_PER_PROGRAM)
    options = {"BLOCK": _PIXELS_PER_PROGRAM, "enable_fp_fusion": False}
    with torch.cuda.device_of(pictures):
        arguments = pictures, table, grey, result, pixels
        _jitter[grid](*arguments, grey, UNTIL_CONTRAST=True, **options)
        _jitter[grid](*arguments, grey.mean(1), UNTIL_CONTRAST=False, **options)
    return result


@triton.jit
def _jitter(
    pictures,
    table,
    grey,
    result,
    pixels,
    means,
    UNTIL_CONTRAST: tl.constexpr,
    BLOCK: tl.constexpr,
):
    # Write the greys of what comes before the contrast, or, with their means, the result.
    picture = tl.program_id(0).to(tl.int64)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside, at = pixel < pixels, picture * pixels + pixel
    red = tl.math.div_rn(tl.load(pictures + 3 * at, inside, 0).to(tl.float32), 255.0)
    green = tl.math.div_rn(tl.load(pictures + 3 * at + 1, inside, 0).to(tl.float32), 255.0)
    blue = tl.math.div_rn(tl.load(pictures + 3 * at + 2, inside, 0).to(tl.float32), 255.0)
    before_contrast = True
    for position in tl.static_range(4):
        change = tl.load(table + 8 * picture + position)
        factor = tl.load(table + 8 * picture + 4 + position)
        if UNTIL_CONTRAST:
            before_contrast = before_contrast & (change != _CONTRAST)
        if before_contrast:
            if change == _HUE:
                red, green, blue = _turn_hue(red, green, blue, factor)
            elif change >= 0:
                others = tl.where(change == _SATURATION, _grey(red, green, blue), 0.0)
                if not UNTIL_CONTRAST:
                    others = tl.where(change == _CONTRAST, tl.load(means + picture), others)
                red = _blend(red, others, factor)
                green = _blend(green, others, factor)
                blue = _blend(blue, others, factor)
    if UNTIL_CONTRAST:
        tl.store(grey + at, _grey(red, green, blue), inside)
    else:
        tl.store(result + 3 * at, _level(red), inside)
        tl.store(result + 3 * at + 1, _level(green), inside)
        tl.store(result + 3 * at + 2, _level(blue), inside)


@triton.jit
def _grey(red, green, blue):
    return 0.2989 * red + 0.587 * green + 0.114 * blue


@triton.jit
def _blend(values, others, factor):
    return tl.minimum(tl.maximum(values * factor + others * (1.0 - factor), 0.0), 1.0)


@triton.jit
def _level(values):
    return (values * 255.0 + _BIG - _BIG).to(tl.uint8)


@triton.jit
def _turn_hue(red, green, blue, factor):
    value = tl.maximum(red, tl.maximum(green, blue))
    chroma = value - tl.minimum(red, tl.minimum(green, blue))
    difference = tl.where(
        value == red, green - blue, tl.where(value == green, blue - red, red - green)
    )
    offset = tl.where(value == red, 0.0, tl.where(value == green, 2.0, 4.0))
    sixths = tl.math.div_rn(difference, tl.where(chroma == 0.0, 1.0, chroma))
    sixths += offset + 6.0 * factor
    return (
        _turned(value, chroma, sixths + 5.0),
        _turned(value, chroma, sixths + 3.0),
        _turned(value, chroma, sixths + 1.0),
    )


@triton.jit
def _turned(value, chroma, sixths):
    # The remainder of the division by six is exact; `sixths` is from -4 to 14.
    k = tl.where(sixths >= 6.0, sixths - 6.0, sixths)
    k = tl.where(k >= 6.0, k - 6.0, k)
    k = tl.where(sixths < 0.0, sixths + 6.0, k)
    return value - chroma * tl.minimum(tl.maximum(tl.minimum(k, 4.0 - k), 0.0), 1.0)
