import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.scoring.embedding_cache import embedding_file, is_made, mapped, reserve


def files(folder: Path) -> list[Path]:
    made = [folder / name for name in ("model.ckpt", "a.jpg", "b.jpg")]
    for path in made:
        path.write_text(path.name)
    return made


def test_what_the_numbers_depend_on_is_in_the_name(tmp_path: Path) -> None:
    checkpoint, a, b = files(tmp_path)

    def name(*pictures: Path, size: tuple[int, int] = (8, 4), how: str = "32") -> Path:
        return embedding_file(tmp_path, checkpoint, pictures, size=size, how=how)

    first = name(a, b)
    assert name(a, b) == first
    others = {name(b, a), name(a), name(a, b, size=(4, 8)), name(a, b, how="32 flip")}
    assert len(others | {first}) == 5
    a.write_text("another picture")
    assert name(a, b) != first
    files(tmp_path)
    checkpoint.write_text("other weights")
    assert name(a, b) != first


def test_rows_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "x.embeddings"
    written = mapped(file, 3, 2, shared=True)
    written[[2, 0]] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    read = mapped(file, 3, 2, shared=False)
    assert read.tolist() == [[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]]
    read[0] = 9  # a reader's changes are its own
    assert mapped(file, 3, 2, shared=False)[0].tolist() == [3.0, 4.0]


def test_what_nobody_has_written_is_no_number(tmp_path: Path) -> None:
    file = tmp_path / "x.embeddings"
    assert not is_made(file, 3, 2)
    mapped(file, 3, 2, shared=True)[:] = 1
    reserve(file, 3, 2)
    assert is_made(file, 3, 2) and mapped(file, 3, 2, shared=False).isnan().all()
    file.write_bytes(file.read_bytes()[:-4])
    assert not is_made(file, 3, 2), "cut short"


def test_a_full_disk_and_a_folder_that_is_none_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, a, _ = files(tmp_path)
    with pytest.raises(ReIDError, match="cannot be made"):
        embedding_file(a / "folder", checkpoint, [a], size=(8, 4), how="")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=23))
    with pytest.raises(ReIDError, match="do not fit on the disk"):
        reserve(tmp_path / "x.embeddings", 3, 2)
