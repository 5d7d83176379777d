"""One schema: the annotated signatures, which configurations and calls are checked against."""

from reid_lightning.signatures.arguments import arguments_of, required_names
from reid_lightning.signatures.calls import check_call, checked
from reid_lightning.signatures.kinds import (
    Count,
    FilePath,
    Name,
    Natural,
    NonNegative,
    PartialShare,
    Positive,
    Share,
    Size,
    Text,
)
from reid_lightning.signatures.values import check_argument
from reid_lightning.signatures.words import describe, shown

__all__ = [
    "Count",
    "FilePath",
    "Name",
    "Natural",
    "NonNegative",
    "PartialShare",
    "Positive",
    "Share",
    "Size",
    "Text",
    "arguments_of",
    "check_argument",
    "check_call",
    "checked",
    "describe",
    "required_names",
    "shown",
]
