"""What the cells of a table mean: flags, times and boxes."""

import json
import math
from collections.abc import Sequence

from reid_lightning.data.pictures import Box
from reid_lightning.data.readers.numbered import MOST
from reid_lightning.data.readers.table_rows import Row
from reid_lightning.errors import ReIDError

_EMPTY = ("", "none", "nan", "null")
_FLAGS = {
    **dict.fromkeys((*_EMPTY, "0", "0.0", "false"), False),
    "1": True,
    "1.0": True,
    "true": True,
}
_CORNERS = ("x_1", "y_1", "x_2", "y_2")


def is_empty(cell: str) -> bool:
    """Whether a cell holds nothing, as pandas and others write it."""
    return cell.lower() in _EMPTY


def flag(row: Row, column: str) -> bool:
    """Whether a cell says so; an empty one does not.

    Raises:
        ReIDError: it says something else.
    """
    cell = row.cells.get(column, "")
    if cell.lower() not in _FLAGS:
        raise ReIDError(f"{row.where}: {column}={cell} must be True or False (or 1 or 0).")
    return _FLAGS[cell.lower()]


def time_of(row: Row) -> int | None:
    """A time in frames on the camera's clock; None where there is none.

    Raises:
        ReIDError: the cell holds no whole number from 0.
    """
    if is_empty(cell := row.cells.get("time", "")):
        return None
    time = _number(cell)
    if time is None or time != int(time) or not 0 <= time <= MOST:
        raise ReIDError(
            f"{row.where}: time={cell} must be a whole number of frames on its camera's clock."
        )
    return int(time)


def box_of(row: Row) -> Box | None:
    """The part of the file's picture: `x_1, y_1, x_2, y_2`, or `bbox` as [x, y, width, height].

    Raises:
        ReIDError: the cells hold no four numbers, or a box without a pixel.
    """
    corners = [row.cells.get(name, "") for name in _CORNERS]
    if not all(map(is_empty, corners)):
        return _box(row, [_number(cell) for cell in corners], ", ".join(_CORNERS))
    if is_empty(cell := row.cells.get("bbox", "")):
        return None
    try:
        x, y, width, height = map(float, json.loads(cell.replace("(", "[").replace(")", "]")))
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ReIDError(f"{row.where}: bbox={cell} is not [x, y, width, height].") from None
    return _box(row, [x, y, x + width, y + height], "bbox")


def _box(row: Row, sides: Sequence[float | None], columns: str) -> Box:
    if not all(side is not None and abs(side) < MOST for side in sides):
        raise ReIDError(f"{row.where}: {columns} must be four numbers of pixels, or all empty.")
    left, top, right, bottom = (round(side) for side in sides if side is not None)
    if left >= right or top >= bottom:
        raise ReIDError(f"{row.where}: the box {left, top, right, bottom} has no pixel in it.")
    return left, top, right, bottom


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
