"""NumPy's numbers in a PyTorch file, read as plain numbers without NumPy's own unpickling.

Trainers of other projects keep scores as them beside the weights. NumPy's unpickling of arrays and
data types is not made for files of strangers.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_NUMBER = re.compile(r"[biufc]\d{1,2}")


class _Dtype:
    """A data type as a file describes it: its code, such as `f8`, and then its byte order."""

    def __init__(self, code: str, *flags: object) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: Sequence[Any]) -> None:
        self.order = state[1]


def _number(dtype: _Dtype, content: bytes) -> bool | int | float | complex:
    if not _NUMBER.fullmatch(dtype.code) or dtype.order not in ("<", ">", "=", "|"):
        raise ValueError(f"no number: {dtype.code}")
    (number,) = np.frombuffer(content, np.dtype(dtype.order + dtype.code)).tolist()
    return number  # type: ignore[no-any-return]


# For `torch.serialization.safe_globals`; the module's name changed with NumPy 2.
NUMPY_SCALARS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_Dtype, "numpy.dtype"),
    (_number, "numpy.core.multiarray.scalar"),
    (_number, "numpy._core.multiarray.scalar"),
]
