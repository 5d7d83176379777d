"""Files are replaced whole or not at all, and read without running code."""

import pickle
from pathlib import Path

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, partial_path, replaced_atomically


def test_a_file_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    with replaced_atomically(path) as partial:
        assert partial == partial_path(path) and partial.parent == tmp_path
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_keeps_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    with pytest.raises(error), replaced_atomically(path) as partial:
        partial.write_text("half")
        raise error
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


class Code:
    def __reduce__(self) -> tuple:
        return print, ("code from a file",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a PyTorch file"),
        (b"no zip", "cannot be read as a PyTorch file"),
        (pickle.dumps(Code()), "cannot be read as a PyTorch file"),
    ],
)
def test_what_is_no_file_of_weights_is_refused(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(ReIDError, match=message):
        load_file(path)
    assert "code from a file" not in capsys.readouterr().out


def test_only_a_dict_is_a_file_of_weights(tmp_path: Path) -> None:
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(ReIDError, match="holds a list instead of a dict"):
        load_file(tmp_path / "list.pt")
    torch.save({"x": torch.ones(1)}, tmp_path / "dict.pt")
    assert load_file(tmp_path / "dict.pt")["x"].item() == 1
