import multiprocessing
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from reid_lightning.data.decoder import Decoder
from reid_lightning.data.pictures import Picture, decode
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.store import Store, open_source
from reid_lightning.errors import ReIDError

SIZE = (48, 24)


def pictures_of(root: Path, count: int = 300) -> list[Picture]:
    splits = read_market1501(root)
    return [s.picture for s in (*splits.train, *splits.gallery)][:count]


def copied(pictures: list[Picture], folder: Path) -> list[Picture]:
    folder.mkdir()
    return [Picture(Path(shutil.copy(p.path, folder))) for p in pictures]


def make(pictures: list[Picture], folder: Path, budget: float = 1) -> Store:
    source = open_source(pictures, *SIZE, folder=folder, budget_gib=budget)
    assert isinstance(source, Store)
    return source


def stores(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix != ".lock")


@pytest.fixture
def pictures(tiny_set: Path, tmp_path: Path) -> list[Picture]:
    """Twelve pictures that a test may change."""
    return copied(pictures_of(tiny_set, 12), tmp_path / "pictures")


def test_a_store_holds_the_decoded_pixels(tiny_set: Path, tmp_path: Path) -> None:
    pictures = pictures_of(tiny_set)  # more than one chunk
    read = make(pictures, tmp_path).read([pictures[290], pictures[3], pictures[3]])
    assert read.shape == (3, *SIZE, 3) and read.dtype == torch.uint8
    assert torch.equal(read, Decoder(*SIZE).read([pictures[290], pictures[3], pictures[3]]))
    peer = v2.Compose([v2.Resize(SIZE, v2.InterpolationMode.BILINEAR), v2.PILToTensor()])
    assert torch.equal(read[0].permute(2, 0, 1), peer(decode(pictures[290])))


def test_a_store_is_used_again_also_by_a_copy_of_the_set(
    pictures: list[Picture], tmp_path: Path
) -> None:
    file = make(pictures, tmp_path / "cache").file
    written = file.stat().st_mtime_ns
    copies = copied(pictures, tmp_path / "copy")
    assert make(copies, tmp_path / "cache").file == file and file.stat().st_mtime_ns == written
    assert stores(tmp_path / "cache") == [file]
    other_size = open_source(pictures, 32, 16, folder=tmp_path / "cache", budget_gib=1)
    assert other_size.read(pictures).shape == (12, 32, 16, 3)


def test_a_changed_picture_makes_a_new_store(pictures: list[Picture], tmp_path: Path) -> None:
    """Also if its file has the same size and modification time."""
    for number, picture in enumerate(pictures):
        pictures[number] = Picture(picture.path.with_suffix(".png"))
        Image.new("RGB", (8, 8), (number, 0, 0)).save(pictures[number].path, compress_level=0)
    path = pictures[0].path
    before, stat = make(pictures, tmp_path / "cache"), path.stat()
    Image.new("RGB", (8, 8), (99, 0, 0)).save(path, compress_level=0)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    after = make(pictures, tmp_path / "cache")
    assert after.file != before.file
    assert before.read(pictures[:1]).max() == 0 and after.read(pictures[:1]).max() == 99


def build(pictures: list[Picture], folder: Path, results: "multiprocessing.Queue[bytes]") -> None:
    results.put(make(pictures, folder).read(pictures).numpy().tobytes())


def test_processes_that_start_together_build_one_store(tiny_set: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    pictures, results = pictures_of(tiny_set), context.Queue()
    jobs = [context.Process(target=build, args=(pictures, tmp_path, results)) for _ in range(2)]
    for job in jobs:
        job.start()
    read = [results.get(timeout=60) for _ in jobs]
    for job in jobs:
        job.join()
    assert read[0] == read[1] == Decoder(*SIZE).read(pictures).numpy().tobytes()
    assert len(stores(tmp_path)) == 1


def test_the_partial_file_of_a_killed_build_is_not_used(
    pictures: list[Picture], tmp_path: Path
) -> None:
    file = make(pictures, tmp_path / "cache").file
    whole = file.read_bytes()
    file.with_name(f"{file.name}.partial").write_bytes(b"\0" * 2 * len(whole))
    file.unlink()
    assert make(pictures, tmp_path / "cache").file.read_bytes() == whole
    assert stores(tmp_path / "cache") == [file]


def test_an_unreadable_picture_is_named_and_no_store_remains(
    pictures: list[Picture], tmp_path: Path
) -> None:
    path = pictures[5].path
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ReIDError, match=f"The picture {path} cannot be read"):
        make(pictures, tmp_path / "cache")
    path.unlink()
    with pytest.raises(ReIDError, match=f"The picture {path} cannot be read"):
        make(pictures, tmp_path / "cache")
    assert stores(tmp_path / "cache") == []


def test_pictures_over_the_budget_are_decoded_when_read(
    pictures: list[Picture], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    size = 12 * SIZE[0] * SIZE[1] * 3 / 2**30
    source = open_source(pictures, *SIZE, folder=tmp_path / "cache", budget_gib=0.99 * size)
    assert isinstance(source, Decoder) and not (tmp_path / "cache").exists()
    assert "decoded in every epoch" in caplog.text and "data.cache_gib" in caplog.text
    store = make(pictures, tmp_path / "cache", budget=size)
    assert torch.equal(source.read(pictures), store.read(pictures))


def test_pictures_over_the_free_disk_space_are_decoded_when_read(
    pictures: list[Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    source = open_source(pictures, *SIZE, folder=tmp_path / "cache", budget_gib=1)
    assert isinstance(source, Decoder) and stores(tmp_path / "cache") == []


def test_a_folder_that_cannot_be_used_is_named(pictures: list[Picture]) -> None:
    with pytest.raises(ReIDError, match=r"\(data.cache\) cannot be used .* set data.cache"):
        make(pictures, pictures[0].path)


def test_a_store_may_be_deleted_while_in_use_and_is_pickled_without_its_pixels(
    pictures: list[Picture], tmp_path: Path
) -> None:
    store = make(pictures, tmp_path / "cache")
    packed = pickle.dumps(store)
    assert len(packed) < 5_000
    copied = pickle.loads(packed)
    shutil.rmtree(tmp_path / "cache")
    for source in (store, copied):
        assert np.array_equal(source.read(pictures), Decoder(*SIZE).read(pictures))


def test_no_pictures_are_an_empty_batch(pictures: list[Picture], tmp_path: Path) -> None:
    """A rank has an empty batch where there are fewer pictures than ranks."""
    for source in (make(pictures, tmp_path / "cache"), Decoder(*SIZE)):
        batch = source.read([])
        assert batch.shape == (0, *SIZE, 3) and batch.dtype == torch.uint8


def test_every_picture_that_cannot_be_read_is_named(
    pictures: list[Picture], tmp_path: Path
) -> None:
    """Of the whole set, too: what is read first is not all that is to be restored."""
    for picture in pictures[3:6]:
        picture.path.write_bytes(picture.path.read_bytes()[:300])
    for budget in (0, 1):
        with pytest.raises(ReIDError) as caught:
            open_source(
                pictures[:5],
                *SIZE,
                folder=tmp_path / "cache",
                budget_gib=budget,
                whole_set=pictures,
            ).read(pictures[:4])
        head, *lines = str(caught.value).splitlines()
        assert head.startswith("3 pictures cannot be read: restore them from")
        assert [line.split(" (")[0] for line in lines] == [str(p.path) for p in pictures[3:6]]
    assert stores(tmp_path / "cache") == []


def test_crops_of_one_file_have_rows_of_their_own(pictures: list[Picture], tmp_path: Path) -> None:
    path = pictures[0].path
    crops = [Picture(path), Picture(path, (0, 0, 20, 40)), Picture(path, (20, 40, 50, 90))]
    store = make([*crops, pictures[1]], tmp_path / "cache")
    read = store.read([crops[2], crops[0], crops[1]])
    assert torch.equal(read, Decoder(*SIZE).read([crops[2], crops[0], crops[1]]))
    assert len({picture.numpy().tobytes() for picture in read}) == 3
    moved = make([*crops[:2], Picture(path, (20, 40, 50, 91)), pictures[1]], tmp_path / "cache")
    assert moved.file != store.file
