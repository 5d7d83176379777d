"""Embedding a folder into a file: each picture once, whatever stops it, and nothing wrong kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from tiny_model import tiny_model
from torch import Tensor

from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.data.pictures import Picture, decode_resized
from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.embed_pictures import embed_pictures
from reid_lightning.inference.embedding_file import parts_folder
from reid_lightning.inference.embedding_parquet import read_table
from reid_lightning.inference.embedding_table import EmbeddingTable
from reid_lightning.inference.picture_list import list_pictures_of


class Counting:
    """Counts the pictures that a model embeds, and stops it after some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 10**9) -> None:
        self.embedded, self.most, embed = 0, most, EmbeddingModel.embed_pixels

        def embed_pixels(model: EmbeddingModel, pixels: Tensor, *, flip: bool = False) -> Tensor:
            if self.embedded + len(pixels) > self.most:
                raise KeyboardInterrupt
            self.embedded += len(pixels)
            return embed(model, pixels, flip=flip)

        monkeypatch.setattr(EmbeddingModel, "embed_pixels", embed_pixels)


def embed(pictures: Path, out: Path, **options: object) -> EmbeddingTable:
    return embed_pictures(tiny_model(), list_pictures_of(pictures), out, **options)


def test_the_file_has_what_the_model_gives(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.parquet"
    table = embed(pictures, out, batch_size=5, part=7)
    paths = sorted(pictures.iterdir())
    assert [p.picture.path for p in table.pictures] == paths
    assert [(p.pid, p.camid) for p in table.pictures][3:5] == [("0001", "1"), ("0001", "2")]
    expected = tiny_model()(paths)
    torch.testing.assert_close(torch.from_numpy(table.embeddings), expected, rtol=0, atol=1e-6)
    assert np.array_equal(read_table(out).embeddings, table.embeddings)
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_with_flip_it_is_the_mean_over_the_mirror_image(pictures: Path, tmp_path: Path) -> None:
    flipped = embed(pictures, tmp_path / "out.parquet", flip=True).embeddings
    network = tiny_model().network
    for path, embedding in zip(sorted(pictures.iterdir()), flipped, strict=True):
        pixels = decode_resized(Picture(path), 32, 16)
        both = torch.from_numpy(np.stack([pixels, pixels[:, ::-1]]))
        with torch.inference_mode():
            mean = network(to_network_input(both)).retrieval.mean(0)
        np.testing.assert_allclose(embedding, mean / mean.norm(), atol=1e-5)


def test_it_goes_on_where_it_was_stopped(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, whole = tmp_path / "out.parquet", embed(pictures, tmp_path / "whole.parquet", batch_size=2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        Counting(patch, most=7)
        embed(pictures, out, part=4, batch_size=2)
    assert not out.exists()
    with monkeypatch.context() as patch:
        counting = Counting(patch)
        table = embed(pictures, out, part=4, batch_size=2)
    assert counting.embedded == 8  # of 12, the first part of 4 was kept
    np.testing.assert_allclose(table.embeddings, whole.embeddings, atol=1e-6)
    assert table.pictures == whole.pictures


def test_only_new_and_changed_pictures_are_embedded_again(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.parquet"
    before = embed(pictures, out)
    changed, deleted, *_ = paths = sorted(pictures.iterdir())
    Image.new("RGB", (20, 40), "red").save(changed)
    Image.new("RGB", (20, 40), "blue").save(pictures / "0009_c1s1_000001_00.png")
    deleted.unlink()
    counting = Counting(monkeypatch)
    after = embed(pictures, out)
    assert counting.embedded == 2 and len(after.pictures) == len(paths)
    assert not np.allclose(after.embeddings[0], before.embeddings[0])
    assert np.array_equal(after.embeddings[1:11], before.embeddings[2:])


def test_a_picture_that_is_listed_twice_is_embedded_once(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, listed = Counting(monkeypatch), list_pictures_of(pictures)
    table = embed_pictures(tiny_model(), [*listed, listed[0]], tmp_path / "out.parquet")
    assert counting.embedded == 12 and len(table.pictures) == 13
    assert np.array_equal(table.embeddings[0], table.embeddings[12])


@pytest.mark.parametrize("missing", [False, True])
def test_what_cannot_be_read_is_named_or_left_out(
    missing: bool, pictures: Path, tmp_path: Path
) -> None:
    broken, out = sorted(pictures.iterdir())[4], tmp_path / "out.parquet"
    listed = list_pictures_of(pictures)
    broken.unlink() if missing else broken.write_text("text")
    with pytest.raises(ReIDError, match=f"1 picture cannot be read.*\n.*{broken.name}"):
        embed_pictures(tiny_model(), listed, out)
    table = embed_pictures(tiny_model(), listed, out, on_unreadable="skip")
    assert [p.picture.path for p in table.pictures] == [
        p.picture.path for p in listed if p.picture.path != broken
    ]
    with pytest.raises(ReIDError, match="None of the pictures can be read"):
        embed_pictures(tiny_model(), [listed[4]], tmp_path / "b.parquet", on_unreadable="skip")


def test_a_file_of_other_embeddings_is_kept(pictures: Path, tmp_path: Path) -> None:
    out, listed = tmp_path / "out.parquet", list_pictures_of(pictures)
    embed(pictures, out)
    before = out.read_bytes()
    for model, options, message in (
        (tiny_model("other"), {}, "holds embeddings of another model"),
        (tiny_model(height=64), {}, "made with height=32, and height=64"),
        (tiny_model(), {"flip": True}, "made with flip=false, and flip=true"),
        (tiny_model(), {"dtype": "float16"}, "made with dtype=float32, and dtype=float16"),
    ):
        with pytest.raises(ReIDError, match=message):
            embed_pictures(model, listed, out, **options)
        assert not parts_folder(out).exists()
    with pytest.raises(ReIDError, match="holds 11 pictures that are not among those named"):
        embed_pictures(tiny_model(), listed[:1], out)
    assert out.read_bytes() == before and not parts_folder(out).exists()


def test_one_process_writes_a_file(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    parts_folder(out).mkdir()
    with FileLock(parts_folder(out) / "lock"), pytest.raises(ReIDError, match="Another process"):
        embed(pictures, out)


def test_half_precision_is_near(pictures: Path, tmp_path: Path) -> None:
    half = embed(pictures, tmp_path / "half.parquet", dtype="float16")
    whole = embed(pictures, tmp_path / "whole.parquet")
    assert half.embeddings.dtype == np.float16
    np.testing.assert_allclose(half.embeddings, whole.embeddings, atol=1e-3)
    assert (
        Path(tmp_path / "half.parquet").stat().st_size
        < Path(tmp_path / "whole.parquet").stat().st_size
    )
