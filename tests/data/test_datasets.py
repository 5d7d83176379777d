from pathlib import Path

import pytest
import torch

from reid_lightning.data.datasets import EvalPictures, TrainPictures
from reid_lightning.data.loaders import make_loader
from reid_lightning.data.readers.market1501 import read_splits
from reid_lightning.data.pictures import Decoder, decode
from reid_lightning.data.pk_batches import Draw
from reid_lightning.data.splits import labels_of
from reid_lightning.errors import ReIDError, sentence

SOURCE = Decoder(32, 16)


def test_a_training_batch_is_read_at_once(tiny_set: Path) -> None:
    train = read_splits(tiny_set).train
    labels = labels_of(train)
    batch = TrainPictures(train, labels, SOURCE).__getitems__(Draw([5, 9], 2, 7, 64))
    assert torch.equal(batch["image"], SOURCE.read([train[5].path, train[9].path]))
    assert batch["label"].tolist() == [labels[train[5].pid], labels[train[9].pid]]
    assert batch["index"].tolist() == [5, 9] and batch["place"] == (2, 7, 64)


def test_eval_items_are_queries_then_gallery(tiny_set: Path) -> None:
    splits = read_splits(tiny_set)
    pictures, last = EvalPictures(splits.query, splits.gallery, SOURCE), len(splits.query) - 1
    assert len(pictures) == len(splits.query) + len(splits.gallery)
    batch = pictures.__getitems__([last, last + 1])
    assert batch["is_query"].tolist() == [True, False]
    assert batch["pid"].tolist() == [splits.query[-1].pid, splits.gallery[0].pid]
    assert batch["camid"].tolist() == [splits.query[-1].camid, splits.gallery[0].camid]
    assert batch["index"].tolist() == [last, last + 1]
    assert torch.equal(batch["image"], SOURCE.read([splits.query[-1].path, splits.gallery[0].path]))


def test_a_truncated_picture_is_told_with_its_path_also_from_a_worker(
    tiny_set: Path, tmp_path: Path
) -> None:
    sound = read_splits(tiny_set).query[0]
    path = tmp_path / "0001_c1s1_000001_00.jpg"
    path.write_bytes(sound.path.read_bytes()[:500])
    with pytest.raises(ReIDError, match=path.name):
        decode(path)
    pictures = EvalPictures([type(sound)(path, 1, 0, 1, 1)], [], SOURCE)
    loader = make_loader(pictures, [[0]], SOURCE, workers=1, gpu=False)
    with pytest.raises(ReIDError) as caught:
        next(iter(loader))
    told = sentence(caught.value)
    assert told is not None and told.startswith(f"The picture {path} cannot be read")
    assert "Traceback" not in told
