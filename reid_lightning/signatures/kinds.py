"""The kinds of values that annotations name: numbers with their ranges, and text."""

from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import StringConstraints

from reid_lightning.signatures.words import LARGEST_COUNT, LARGEST_NUMBER

Count = Annotated[int, Ge(1), Le(LARGEST_COUNT)]
Size = Annotated[int, Ge(1), Le(8192)]  # in pixels
Natural = Annotated[int, Ge(0), Le(LARGEST_COUNT)]
NonNegative = Annotated[float, Ge(0), Le(LARGEST_NUMBER)]
Positive = Annotated[float, Gt(0), Le(LARGEST_NUMBER)]
Share = Annotated[float, Ge(0), Le(1)]  # a part of a whole
PartialShare = Annotated[float, Ge(0), Lt(1)]
Text = Annotated[str, MinLen(1)]
Name = Annotated[str, StringConstraints(pattern=r"^[^/]+$")]  # of a part of a path
FilePath = Annotated[str | Path, MinLen(1)]  # of a file or a folder
