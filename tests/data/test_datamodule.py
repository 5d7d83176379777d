from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
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


class Remember(pl.LightningModule):
    """Trains nothing, and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen: list[list[torch.Tensor]] = []

    def on_train_epoch_start(self) -> None:
        self.seen.append([])

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        self.seen[-1].append(batch["index"])
        return self.weight * batch["image"].mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.parametrize("workers", [0, 1])
def test_every_epoch_of_a_training_draws_its_own_batches(workers: int, tiny_set: Path) -> None:
    """Lightning must tell the batch sampler the epoch: else one epoch is repeated for ever."""
    model = Remember()
    trainer = pl.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
        use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(model, make(tiny_set, workers=workers))
    for epoch, seen in enumerate(model.seen):
        expected = make(tiny_set).train_batches(0, 1)
        expected.set_epoch(epoch)
        batches = [[draw.picture for draw in batch] for batch in expected]
        assert [index.tolist() for index in seen] == batches
    assert len({str(seen) for seen in model.seen}) == 3


def test_no_data_is_told_with_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReIDError) as caught:
        make(tmp_path / "nothing", source="https://example.org/set").read()
    told = str(caught.value)
    assert str(tmp_path / "nothing") in told
    assert "https://example.org/set" in told and "data=synthetic" in told
