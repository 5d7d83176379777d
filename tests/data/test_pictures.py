from pathlib import Path

import pytest
import torch
from PIL import Image

from reid_lightning.data.market1501 import read_splits
from reid_lightning.data.pictures import EvalPictures, TrainPictures, decode
from reid_lightning.data.pk_batches import Draw
from reid_lightning.data.splits import labels_of
from reid_lightning.data.transforms import IMAGENET_MEAN, IMAGENET_STD, eval_transform, train_transform
from reid_lightning.errors import ReIDError, sentence


def test_eval_transform_resizes_and_normalises_as_imagenet() -> None:
    white = Image.new("RGB", (64, 128), "white")
    image = eval_transform(32, 16)(white)
    assert image.shape == (3, 32, 16)
    expected = (1 - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)
    assert torch.allclose(image[:, 5, 5], expected)


def test_no_augmentation_is_the_eval_transform(tiny_set: Path) -> None:
    picture = decode(read_splits(tiny_set).train[0].path)
    assert torch.equal(train_transform(64, 32)(picture), eval_transform(64, 32)(picture))


def test_augmentation_is_a_function_of_the_draws_seed(tiny_set: Path) -> None:
    train = read_splits(tiny_set).train
    transform = train_transform(
        64, 32, flip=0.5, crop_padding=0.04, erasing=0.5, jitter=[0.2, 0.2, 0.1, 0.1]
    )
    pictures = TrainPictures(train, labels_of(train), transform)
    before = torch.get_rng_state()
    image = pictures[Draw(3, 11)]["image"]
    assert torch.equal(torch.get_rng_state(), before), "the global generator was touched"
    torch.rand(7)
    assert torch.equal(pictures[Draw(3, 11)]["image"], image)
    assert not torch.equal(pictures[Draw(3, 12)]["image"], image)


@pytest.mark.parametrize("option", [{"flip": 1.0}, {"crop_padding": 0.1}, {"erasing": 1.0}, {"jitter": [0.5]}])
def test_every_augmentation_changes_the_picture(option: dict, tiny_set: Path) -> None:
    picture = decode(read_splits(tiny_set).train[0].path)
    plain = eval_transform(64, 32)(picture)
    changed = train_transform(64, 32, **option)(picture)
    assert changed.shape == plain.shape
    assert not torch.allclose(changed, plain)


def test_flip_is_left_right(tiny_set: Path) -> None:
    picture = decode(read_splits(tiny_set).train[0].path)
    flipped = train_transform(64, 32, flip=1.0)(picture)
    assert torch.allclose(flipped.flip(-1), eval_transform(64, 32)(picture))


def test_eval_items_are_queries_then_gallery(tiny_set: Path) -> None:
    splits = read_splits(tiny_set)
    pictures = EvalPictures(splits.query, splits.gallery, eval_transform(32, 16))
    assert len(pictures) == len(splits.query) + len(splits.gallery)
    last = pictures[len(splits.query) - 1]
    assert last["is_query"] and last["pid"] == splits.query[-1].pid
    first = pictures[len(splits.query)]
    assert not first["is_query"] and first["camid"] == splits.gallery[0].camid
    assert first["index"] == len(splits.query)


def test_a_truncated_picture_is_told_with_its_path_also_from_a_worker(
    tiny_set: Path, tmp_path: Path
) -> None:
    sound = read_splits(tiny_set).query[0]
    path = tmp_path / "0001_c1s1_000001_00.jpg"
    path.write_bytes(sound.path.read_bytes()[:500])
    with pytest.raises(ReIDError, match=path.name):
        decode(path)
    broken = type(sound)(path, 1, 0, 1, 1)
    loader = torch.utils.data.DataLoader(
        EvalPictures([broken], [], eval_transform(32, 16)), num_workers=1
    )
    with pytest.raises(ReIDError) as caught:
        next(iter(loader))
    told = sentence(caught.value)
    assert told is not None and told.startswith(f"The picture {path} cannot be read")
    assert "Traceback" not in told
