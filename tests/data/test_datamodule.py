from pathlib import Path
from typing import Any

import pytest
import torch

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.transforms import train_transform
from reid_lightning.errors import ReIDError


def make(root: Path, **options: Any) -> ReIDDataModule:
    defaults: dict[str, Any] = {
        "name": "tiny", "source": "nowhere", "height": 32, "width": 16, "p": 4, "k": 2,
        "eval_batch_size": 16, "workers": 0, "seed": 0, "augmentation": train_transform,
    }  # fmt: skip
    return ReIDDataModule(root=root, **(defaults | options))


def test_a_training_batch(tiny_set: Path) -> None:
    data = make(tiny_set)
    batch = next(iter(data.train_dataloader()))
    assert batch["image"].shape == (8, 3, 32, 16)
    assert batch["label"].tolist() == [x for x in batch["label"][::2].tolist() for _ in range(2)]
    assert data.num_classes == 16


def test_held_out_validation_leaves_the_official_test_alone(tiny_set: Path) -> None:
    plain, held = make(tiny_set), make(tiny_set, val_identities=5)
    assert held.num_classes == 11
    assert held.validated_on == "5 held-out training identities"
    assert plain.validated_on == "official query/gallery"
    tested = [{int(i) for b in d.test_dataloader() for i in b["pid"]} for d in (plain, held)]
    assert tested[0] == tested[1]
    assert {int(i) for b in held.val_dataloader() for i in b["pid"]}.isdisjoint(tested[1] - {0, -1})


def test_workers_change_nothing(tiny_set: Path) -> None:
    options = {"augmentation": lambda h, w: train_transform(h, w, flip=0.5, crop_padding=0.1)}
    alone, shared = (make(tiny_set, workers=w, **options).train_dataloader() for w in (0, 2))
    for one, two in zip(alone, shared, strict=True):
        assert torch.equal(one["image"], two["image"]) and torch.equal(one["label"], two["label"])


def test_no_data_is_told_with_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReIDError) as caught:
        make(tmp_path / "nothing", source="https://example.org/set").read()
    told = str(caught.value)
    assert str(tmp_path / "nothing") in told
    assert "https://example.org/set" in told and "data=synthetic" in told
