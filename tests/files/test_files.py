"""Files are replaced whole or not at all, and read without running code."""

import csv
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.files import (
    load_file,
    partial_path,
    read_csv,
    read_json,
    read_yaml,
    replaced_atomically,
)


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


class Holder:
    """A class of somebody's own code."""


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def zipped(name: str, packing: int = zipfile.ZIP_STORED) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", packing) as file:
            file.writestr(name, bytes(10**6))

    return write


def saved(content: object) -> Callable[[Path], object]:
    return lambda path: torch.save(content, path)


NO_WEIGHTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "there is no such file"),
    "a folder": (Path.mkdir, "a folder"),
    "a pipe": (os.mkfifo, "a named pipe"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "a device"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "a link to a missing file"),
    "empty": (Path.touch, r"empty \(0 bytes\)"),
    "text": (text("no weights\n"), "it is text"),
    "a web page": (text("<!DOCTYPE html>\n<html>"), "a web page, .* download it again"),
    "an LFS pointer": (text("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    "safetensors": (lambda path: path.write_bytes(b"\x07" + bytes(7) + b'{"a":{}}'), "safetensors"),
    "a picture": (lambda path: path.write_bytes(b"\xff\xd8\xff" + bytes(99)), "a picture"),
    "noise": (lambda path: path.write_bytes(bytes(range(128, 256))), "damaged, or torch.save"),
    "another zip": (zipped("a.jpg"), "a zip archive without weights"),
    "a zip bomb": (zipped("a/data.pkl", zipfile.ZIP_DEFLATED), "its records are packed"),
    "a network": (saved(torch.nn.Linear(2, 2)), "a torch.nn.modules.linear.Linear, and only .*"),
    "an own class": (saved({"x": Holder()}), r"Holder, and only .* torch\.save\(model\.state_dict"),
    "code": (saved({"x": Code()}), "print, and only tensors"),
    "an array": (saved({"x": np.ones(3)}), "_reconstruct, and only tensors"),
    "objects of NumPy's": (saved({"x": np.str_("x")}), "damaged, or torch.save"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", NO_WEIGHTS)
def test_what_a_file_is_is_said_in_our_own_words(kind: str, tmp_path: Path) -> None:
    write, message = NO_WEIGHTS[kind]
    write(tmp_path / "x.pt")
    with pytest.raises(ReIDError, match=f"x.pt cannot be read as a PyTorch file: .*{message}") as e:
        load_file(tmp_path / "x.pt")
    assert "weights_only" not in str(e.value) and "safe_globals" not in str(e.value)


def test_numpys_numbers_are_plain_ones(tmp_path: Path) -> None:
    kinds = (np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_, np.complex64)
    before = torch.serialization.get_safe_globals()
    for new_format in (True, False):
        numbers = {str(kind): kind(1) for kind in kinds} | {"big-endian": np.array(1, ">f8")[()]}
        torch.save(numbers, tmp_path / "x.pt", _use_new_zipfile_serialization=new_format)
        read = load_file(tmp_path / "x.pt")
        assert read == numbers
        assert {type(x) for x in read.values()} == {float, int, bool, complex}
    assert torch.serialization.get_safe_globals() == before, "for this file alone"


def test_numpys_old_names_are_read_too(tmp_path: Path) -> None:
    torch.save({"x": np.float64(0.5)}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    content = (tmp_path / "x.pt").read_bytes()
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != content
    (tmp_path / "x.pt").write_bytes(old)
    assert load_file(tmp_path / "x.pt") == {"x": 0.5}


BOMBS = {
    "aliases": "a: &a [x, x]\nb: [*a, *a]\n",
    "an alias of itself": "&a [*a]",
    "deep": "[" * 100_000,
    "deep groups": "{a: " * 60 + "1" + "}" * 60,
    "digits": "a: 0x" + "f" * 9999,
    "huge": "a: " + "x" * 2**19,
    "code": "!!python/object/apply:os.system ['true']",
    "no time": "!!timestamp x",
    "no number": "!!float x",
    "not printable": "a: \x07",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_yaml_bombs_are_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BOMBS[kind])
    with pytest.raises(ReIDError, match=r"x\.yaml is damaged, or cannot be read: .*\.$"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10**5, b"1" * 9999, b" " * 2**21])
def test_json_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ReIDError, match=r"x\.json is damaged, or cannot be read: .*\.$"):
        read_json(tmp_path / "x.json")


def test_a_csv_file_is_read_up_to_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for rest in ("3", "3,", "3,4", '3,"4'):  # of 3,45
        path.write_text("a,b\n1,2\n" + rest)
        assert read_csv(path) == [{"a": "1", "b": "2"}]
    for content in ("a,b\n1\n3,4\n", "a,b\n1,2,3\n", f"a,b\n1,{'2' * 200_000}\n", 'a,b\n1,"2\n'):
        path.write_text(content)
        with pytest.raises(ReIDError, match=r"x\.csv is damaged, or cannot be read: "):
            read_csv(path)


def test_a_cell_may_hold_any_kind_of_line_end(tmp_path: Path) -> None:
    """File names may; Python's csv quotes none of these but the first two."""
    for mark in ("\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"):
        with (tmp_path / "x.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["a", "b"], [f"1{mark}2", "3"]])
        (row,) = read_csv(tmp_path / "x.csv")
        assert row["a"].splitlines() == ["1", "2"] and row["b"] == "3"


def test_a_zip_file_is_one_by_its_head_as_for_torch(tmp_path: Path) -> None:
    """Damage at its end would else skip the checksums, or make zipfile raise."""
    path, whole = tmp_path / "x.pt", bytearray()
    torch.save({"x": torch.zeros(1000)}, path)
    whole += path.read_bytes()
    locator, end = whole.rindex(b"PK\x06\x07"), whole.rindex(b"PK\x05\x06")
    for place in (locator + 4, locator + 16, end, end + 8):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert load_file(path)["x"].eq(0).all()
        except ReIDError as error:
            assert "x.pt" in str(error)
