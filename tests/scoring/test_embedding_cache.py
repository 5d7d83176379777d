from pathlib import Path
from typing import Any

import pytest
import torch
from full_disk import limited_files

from reid_lightning.data.pictures import Picture
from reid_lightning.errors import ReIDError
from reid_lightning.files import add_checksum
from reid_lightning.scoring.embedding_cache import embedding_file, holds_embeddings, mapped, reserve


def files(folder: Path) -> list[Path]:
    made = [folder / name for name in ("a.jpg", "b.jpg")]
    for path in made:
        path.write_text(path.name)
    return made


def test_what_the_numbers_depend_on_is_in_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = files(tmp_path)
    network = tmp_path / "network.py"
    network.write_text("one network")

    def name(*pictures: Path, **changed: Any) -> Path:
        settings = {"size": (8, 4), "device": "cpu", "precision": "32-true", "flip": False}
        settings |= {"model": b"its weights", "network": network}
        return embedding_file(
            tmp_path, pictures=list(map(Picture, pictures)), **(settings | changed)
        )

    first = name(a, b)
    assert name(a, b) == first
    changes = ({"size": (4, 8)}, {"device": "NVIDIA H100"}, {"precision": "16"}, {"flip": True})
    others = {name(b, a), name(a), *(name(a, b, **changed) for changed in changes)}
    assert len(others | {first}) == 7
    a.write_text("another picture")
    assert name(a, b) != first
    files(tmp_path)
    assert name(a, b, model=b"other weights") != first
    network.write_text("another network")
    assert name(a, b) != first
    network.write_text("one network")
    assert name(a, b) == first
    monkeypatch.setattr("importlib.metadata.version", lambda package: f"another {package}")
    assert name(a, b) != first, "timm and torchvision have networks, too"


def test_rows_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "x.embeddings"
    reserve(file, 3, 2)
    written = mapped(file, 3, 2, shared=True)
    written[[2, 0]] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    read = mapped(file, 3, 2, shared=False)
    assert read[[0, 2]].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    read[0] = 9  # a reader's changes are its own
    assert mapped(file, 3, 2, shared=False)[0].tolist() == [3.0, 4.0]


def test_rows_that_were_not_written_are_nan(tmp_path: Path) -> None:
    file = tmp_path / "x.embeddings"
    assert not holds_embeddings(file, 3, 2)
    file.write_bytes(b"of an earlier attempt")
    reserve(file, 3, 2)
    assert not holds_embeddings(file, 3, 2), "not filled yet"
    add_checksum(file)
    assert holds_embeddings(file, 3, 2) and mapped(file, 3, 2, shared=False).isnan().all()
    file.write_bytes(file.read_bytes()[:-4])
    assert not holds_embeddings(file, 3, 2), "cut short"


def test_a_full_disk_and_a_file_in_the_folders_place_are_refused(tmp_path: Path) -> None:
    a, _ = files(tmp_path)
    with pytest.raises(ReIDError, match="cannot be made"):
        embedding_file(
            a / "folder",
            b"its weights",
            [Picture(a)],
            size=(8, 4),
            device="cpu",
            precision="32",
            flip=False,
            network=a,
        )
    with limited_files(23), pytest.raises(ReIDError, match="do not fit on the disk"):
        reserve(tmp_path / "x.embeddings", 3, 2)
