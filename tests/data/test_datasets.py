from pathlib import Path

import pytest
import torch

from reid_lightning.data.datasets import EvalPictures, TrainPictures
from reid_lightning.data.decoder import Decoder
from reid_lightning.data.loaders import make_loader
from reid_lightning.data.pictures import Picture, decode
from reid_lightning.data.pk_batches import PKBatches
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.splits import labels_of
from reid_lightning.errors import ReIDError, error_message

SOURCE = Decoder(32, 16)


def test_a_training_batch_is_read_at_once(tiny_set: Path) -> None:
    train = read_market1501(tiny_set).train
    labels = labels_of(train)
    batches = PKBatches([labels[s.pid] for s in train], p=2, k=2, seed=0, rank=1, world_size=2)
    batch = TrainPictures(train, batches, SOURCE)[2 * len(batches) + 7]
    expected = batches.batch(2, 7)
    samples = [train[index] for index in expected.pictures]
    assert torch.equal(batch["image"], SOURCE.read([s.picture for s in samples]))
    assert batch["label"].tolist() == [labels[s.pid] for s in samples]
    assert batch["index"].tolist() == expected.pictures and batch["position"] == (2, 7, 4)


def test_eval_indices_count_queries_then_gallery(tiny_set: Path) -> None:
    splits = read_market1501(tiny_set)
    last = len(splits.query) - 1
    pictures = EvalPictures(splits.query, splits.gallery, [[0], [last, last + 1], []], SOURCE)
    assert len(pictures) == 3
    batch = pictures[1]
    assert batch["is_query"].tolist() == [True, False]
    assert batch["pid"].tolist() == [splits.query[-1].pid, splits.gallery[0].pid]
    assert batch["camid"].tolist() == [splits.query[-1].camid, splits.gallery[0].camid]
    assert batch["index"].tolist() == [last, last + 1]
    assert torch.equal(
        batch["image"], SOURCE.read([splits.query[-1].picture, splits.gallery[0].picture])
    )


def test_an_eval_batch_without_pictures_keeps_its_types(tiny_set: Path) -> None:
    splits = read_market1501(tiny_set)
    pictures = EvalPictures(splits.query, splits.gallery, [[0], []], SOURCE)
    for key, column in pictures[1].items():
        assert len(column) == 0 and column.dtype == pictures[0][key].dtype


def test_a_truncated_picture_is_named_also_by_a_worker(tiny_set: Path, tmp_path: Path) -> None:
    sound = read_market1501(tiny_set).query[0]
    path = tmp_path / "0001_c1s1_000001_00.jpg"
    path.write_bytes(sound.path.read_bytes()[:500])
    with pytest.raises(ReIDError, match=path.name):
        decode(Picture(path))
    pictures = EvalPictures([type(sound)(path, 1, 0, 1, 1)], [], [[0]], SOURCE)
    loader = make_loader(pictures, SOURCE, workers=1, gpu=False)
    with pytest.raises(ReIDError) as caught:
        next(iter(loader))
    message = error_message(caught.value)
    assert message is not None and message.startswith(f"The picture {path} cannot be read")
    assert "Traceback" not in message
