"""Sets of pictures made by hand: by their names alone, or with a few pixels each."""

import zlib
from pathlib import Path

from PIL import Image


def touch(root: Path, *names: str) -> Path:
    """Empty files below `root`, which readers of names take for pictures."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def paint(root: Path, *names: str) -> Path:
    """Pictures of 16 × 32 pixels below `root`, each of a colour that its name gives it."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = tuple(zlib.crc32(name.encode()).to_bytes(4, "big")[1:])
        Image.new("RGB", (16, 32), colour).save(path)
    return root
