"""A folder of pictures of noise."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of twelve pictures of four people, named as Market-1501 names them."""
    folder, random = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for index in range(12):
        pixels = random.integers(0, 256, (40, 20, 3), np.uint8)
        name = f"{index // 3:04d}_c{index % 3 + 1}s1_{index:06d}_00.png"
        Image.fromarray(pixels).save(folder / name)
    return folder
