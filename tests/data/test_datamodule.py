import os
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torchvision.transforms import v2

from reid_lightning.data import Augmentation, ReIDDataModule
from reid_lightning.data.augmentation.augmentation import uniforms
from reid_lightning.data.datasets import Batch
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.data.pictures import Decoder, decode
from reid_lightning.errors import ReIDError

STRONG = Augmentation(flip=0.5, crop_padding=0.1, erasing=0.5, jitter=[0.2, 0.2, 0.1, 0.1])


def make(root: Path, **options: Any) -> ReIDDataModule:
    defaults: dict[str, Any] = {
        "name": "tiny", "source": "nowhere", "height": 32, "width": 16, "p": 4, "k": 2,
        "eval_batch_size": 16, "workers": 0, "seed": 0, "augmentation": STRONG,
        "cache": os.environ["REID_CACHE"], "cache_gib": 1,
    }  # fmt: skip
    return ReIDDataModule(root=root, **(defaults | options))


def trained_on(data: ReIDDataModule, rank: int = 0, world_size: int = 1) -> list[Batch]:
    """An epoch of what the network of one process sees."""
    data._place = lambda: {"rank": rank, "world_size": world_size}
    return [data.on_after_batch_transfer(b, 0) for b in data.train_dataloader()]


def test_a_training_batch(tiny_set: Path) -> None:
    data = make(tiny_set)
    (batch, *_) = trained_on(data)
    assert batch["image"].shape == (8, 3, 32, 16) and "place" not in batch
    assert batch["label"].tolist() == [x for x in batch["label"][::2].tolist() for _ in range(2)]
    assert data.num_classes == 16


def test_held_out_validation_leaves_the_official_test_alone(tiny_set: Path) -> None:
    plain, held = make(tiny_set), make(tiny_set, val_identities=5)
    assert held.num_classes == 11
    assert held.folder.validated_on == "5 held-out training identities"
    assert plain.folder.validated_on == "official query/gallery"
    tested = [{int(i) for b in d.test_dataloader() for i in b["pid"]} for d in (plain, held)]
    assert tested[0] == tested[1]
    assert {int(i) for b in held.val_dataloader() for i in b["pid"]}.isdisjoint(tested[1] - {0, -1})


def test_neither_workers_nor_the_store_change_anything(tiny_set: Path) -> None:
    stored = trained_on(make(tiny_set))
    for options in ({"cache_gib": 0}, {"cache_gib": 0, "workers": 2}):
        data = make(tiny_set, **options)
        assert data.train_dataloader().num_workers == options.get("workers", 0)
        for one, two in zip(stored, trained_on(data), strict=True):
            assert all(torch.equal(one[key], two[key]) for key in ("image", "label", "index"))


def test_a_cpu_that_copies_decoded_pictures_needs_no_workers(tiny_set: Path) -> None:
    assert make(tiny_set, workers=2).train_dataloader().num_workers == 0


def test_ranks_batches_laid_end_to_end_are_one_processs_also_augmented(tiny_set: Path) -> None:
    ranks = [trained_on(make(tiny_set), rank, 2) for rank in range(2)]
    alone = trained_on(make(tiny_set, p=8))
    for *parts, whole in zip(*ranks, alone, strict=True):
        for key in ("image", "label", "index"):
            assert torch.equal(torch.cat([part[key] for part in parts]), whole[key])


def test_what_is_scored_is_what_peers_score(tiny_set: Path) -> None:
    data = make(tiny_set)
    peer = v2.Compose([
        v2.Resize((32, 16), v2.InterpolationMode.BILINEAR), v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ])  # fmt: skip
    splits = data.folder.read()[0]
    samples = [*splits.query, *splits.gallery]
    for batch in data.test_dataloader():
        images = data.on_after_batch_transfer(batch, 0)["image"]
        expected = torch.stack([peer(decode(samples[i].path)) for i in batch["index"]])
        assert torch.allclose(images, expected, rtol=0, atol=1e-6)


def test_held_out_pictures_are_read_from_the_training_pictures_store(tiny_set: Path) -> None:
    data = make(tiny_set, val_identities=5)
    assert len(next(iter(data.val_dataloader()))["image"]) > 0
    assert list(data.pixels) == ["train"]


class Remember(pl.LightningModule):
    """Trains nothing, and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen: list[list[torch.Tensor]] = []
        self.images: list[list[torch.Tensor]] = []

    def on_train_epoch_start(self) -> None:
        self.seen.append([])
        self.images.append([])

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        self.seen[-1].append(batch["index"])
        self.images[-1].append(batch["image"])
        return self.weight * batch["image"].mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.parametrize("workers", [0, 1])  # which run ahead of the training
def test_every_epoch_of_a_training_draws_its_own_batches(workers: int, tiny_set: Path) -> None:
    """Lightning must tell the batch sampler the epoch: else one epoch is repeated for ever."""
    model = Remember()
    trainer = pl.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
        use_distributed_sampler=False,
    )  # fmt: skip
    data = make(tiny_set, workers=workers, cache_gib=0)
    trainer.fit(model, data)
    for epoch, seen in enumerate(model.seen):
        expected = make(tiny_set).train_batches(0, 1)
        expected.set_epoch(epoch)
        batches = [draw.pictures for draw in expected]
        assert [index.tolist() for index in seen] == batches
        own = [uniforms(0, (epoch, step, 0), 8) for step in range(len(batches))]
        train = data.folder.read()[1].train
        for images, pictures, draws in zip(model.images[epoch], batches, own, strict=True):
            pixels = Decoder(32, 16).read([train[i].path for i in pictures])
            assert torch.equal(images, STRONG(pixels, draws))
    assert len({str(seen) for seen in model.seen}) == 3


def test_no_data_is_told_with_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReIDError) as caught:
        make(tmp_path / "nothing", source="https://example.org/set").folder.read()
    told = str(caught.value)
    assert str(tmp_path / "nothing") in told
    assert "https://example.org/set" in told and "data=synthetic" in told
