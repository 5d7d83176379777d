"""Bytes that a disk has changed are never trained on, and never scored."""

import json
import logging
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reid_lightning.data.decoder import Decoder
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.store import open_source
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def one_bit(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def empty(content: bytes) -> bytes:
    return b""


def shifted(content: bytes) -> bytes:
    return content[1:] + content[:1]


DAMAGES = [zeroed, one_bit, truncated, empty, shifted]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_built_again(
    damage: Callable[[bytes], bytes],
    tiny_set: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pictures = [s.picture for s in read_market1501(tiny_set).query]

    def read() -> torch.Tensor:
        return open_source(pictures, 32, 16, folder=tmp_path, budget_gib=1).read(pictures)

    expected = Decoder(32, 16).read(pictures)
    assert torch.equal(read(), expected)
    (file,) = tmp_path.glob("*.rgb")
    file.write_bytes(damage(file.read_bytes()))
    assert torch.equal(read(), expected)
    (message,) = caplog.messages
    assert message == f"{file} is damaged, or of an earlier version: it is built again."
    assert torch.equal(read(), expected) and len(caplog.messages) == 1
    assert logging.getLevelName(caplog.records[0].levelno) == "WARNING"


@pytest.mark.parametrize("damage", [zeroed, truncated])
def test_damaged_embeddings_are_made_again(
    damage: Callable[[bytes], bytes],
    trained_run: Path,
    tiny_overrides: list[str],
    script: Callable,
    tmp_path: Path,
) -> None:
    data = [o for o in tiny_overrides if o.startswith("data") and "data.p=" not in o]
    given = [*data, f"checkpoint={trained_run}/checkpoints/best.ckpt", "trainer.accelerator=cpu"]
    scores = []
    for name in ("first", "again", "cached"):
        own = [f"data.cache={tmp_path}/cache", f"hydra.run.dir={name}"]
        done = script("evaluate.py", *given, *own, cwd=tmp_path)
        results = json.loads((tmp_path / name / "metrics.json").read_text())
        assert results["embedded_before"] == (name == "cached")
        scores.append({k: v for k, v in results.items() if k.startswith("test/")})
        (file,) = (tmp_path / "cache").glob("*.embeddings")
        if name == "first":
            file.write_bytes(damage(file.read_bytes()))
        expected = f"{file} is damaged, or of an earlier version: it is made again."
        assert (expected in done.stdout) == (name == "again")
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize("record", ["data.pkl", "data/0", "data/7"])
def test_a_damaged_checkpoint_is_neither_scored_nor_resumed(
    record: str, trained_run: Path, script: Callable, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained_run, tmp_path / "run"))
    last = run / "checkpoints" / "last.ckpt"
    damaged = _damage_record(last, record)
    for name, argument in (("evaluate.py", f"checkpoint={last}"), ("train.py", "resume=run")):
        longer = ["trainer.max_epochs=2"] if name == "train.py" else []
        done = script(name, argument, *longer, cwd=tmp_path, check=False)
        assert done.returncode == 1
        output = done.stdout + done.stderr
        assert f"{last} is damaged: the checksum of {damaged} in it is wrong." in output
        assert "Traceback" not in output
    assert not list(tmp_path.rglob("outputs/*/metrics.json"))


@pytest.mark.parametrize("name", ["metrics.json", ".hydra/config.yaml"])
def test_a_damaged_file_of_a_run_ends_its_resume_in_one_sentence(
    name: str, trained_run: Path, script: Callable, tmp_path: Path
) -> None:
    file = Path(shutil.copytree(trained_run, tmp_path / "run")) / name
    file.write_text(file.read_text()[: file.stat().st_size // 2] + "{: [")
    done = script("train.py", "resume=run", cwd=tmp_path, check=False)
    (line,) = [x for x in (done.stdout + done.stderr).splitlines() if "Error" in x]
    assert done.returncode == 1 and f"Error: {file} is damaged, or cannot be read: " in line


@pytest.mark.parametrize("place", range(0, 1000, 37))
def test_a_changed_byte_anywhere_in_a_file_of_weights_is_an_error_or_changes_nothing(
    place: int, tmp_path: Path
) -> None:
    """Names of records and padding between them have no checksum, and no weights."""
    file, weights = tmp_path / "weights.pt", torch.arange(100.0)
    torch.save({"weights": weights}, file)
    content = bytearray(file.read_bytes())
    content[place * len(content) // 1000] ^= 0x55
    file.write_bytes(content)
    try:
        read = load_file(file)
    except ReIDError:
        return
    assert torch.equal(read["weights"], weights)


def _damage_record(path: Path, name: str) -> str:
    """Change a byte in the middle of a record of a PyTorch file; returns the record's full name."""
    with zipfile.ZipFile(path) as file:
        (info,) = [i for i in file.infolist() if i.filename.endswith(f"/{name}")]
        with file.open(info):
            start = file.fp.tell()  # type: ignore[union-attr]
    content = bytearray(path.read_bytes())
    content[start + info.compress_size // 2] ^= 1
    path.write_bytes(content)
    return info.filename
