import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torchvision.transforms import v2

from reid_lightning.data import Augmentation, ReIDDataModule
from reid_lightning.data.augmentation.streams import augmentation_uniforms
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.data.datasets import Batch
from reid_lightning.data.decoder import Decoder
from reid_lightning.data.pictures import decode
from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.metrics import ReIDMetric
from reid_lightning.models import mobilenet_v2_embedder

STRONG = Augmentation(flip=0.5, crop_padding=0.1, erasing=0.5, jitter=[0.2, 0.2, 0.1, 0.1])


def make(root: Path, **options: Any) -> ReIDDataModule:
    defaults: dict[str, Any] = {
        "name": "tiny", "source": "nowhere", "height": 32, "width": 16, "p": 4, "k": 2,
        "eval_batch_size": 16, "workers": 0, "seed": 0, "augmentation": STRONG,
        "cache": os.environ["REID_CACHE"], "cache_gib": 1,
    }  # fmt: skip
    return ReIDDataModule(root=root, **(defaults | options))


def as_rank(
    data: ReIDDataModule, rank: int, world_size: int, device: str = "cpu"
) -> ReIDDataModule:
    """`data` with the trainer of one process."""
    strategy = SimpleNamespace(root_device=torch.device(device))
    data.trainer = SimpleNamespace(global_rank=rank, world_size=world_size, strategy=strategy)  # type: ignore[assignment]
    return data


def network_inputs(data: ReIDDataModule) -> list[Batch]:
    """An epoch of training batches as the network of one process gets them."""
    return [data.on_after_batch_transfer(b, 0) for b in data.train_dataloader()]


def test_a_training_batch(tiny_set: Path) -> None:
    data = make(tiny_set)
    (batch, *_) = network_inputs(data)
    assert batch["image"].shape == (8, 3, 32, 16) and "position" not in batch
    assert batch["label"].tolist() == [x for x in batch["label"][::2].tolist() for _ in range(2)]
    assert data.num_classes == 16


def test_held_out_validation_does_not_change_the_official_test(tiny_set: Path) -> None:
    plain, held = make(tiny_set), make(tiny_set, val_identities=5)
    assert held.num_classes == 11
    assert held.folder.validated_on == "5 held-out training identities"
    assert plain.folder.validated_on == "official query/gallery"
    tested = [{int(i) for b in d.test_dataloader() for i in b["pid"]} for d in (plain, held)]
    assert tested[0] == tested[1]
    assert {int(i) for b in held.val_dataloader() for i in b["pid"]}.isdisjoint(tested[1] - {0, -1})


def test_a_set_of_another_layout_has_a_reader_of_its_own(tiny_set: Path) -> None:
    def read(root: Path) -> Splits:
        train = tuple(parse_name(path) for path in sorted((root / "query").iterdir()))
        return Splits(train, train[:2], train[2:])

    plain = make(tiny_set, reader=read, clock="none").folder.official
    assert len(plain.query) == 2 and {s.time for s in plain.train} == {None}
    assert {type(s.time) for s in make(tiny_set, reader=read).folder.official.train} == {int}
    with pytest.raises(
        ReIDError, match=r"There is no data set at .*nowhere \(data\.root\): download"
    ):
        _ = make(tiny_set / "nowhere", reader=read).folder.official
    with pytest.raises(ReIDError, match=r"The query split of tiny, read from .* has no picture"):
        _ = make(tiny_set, reader=lambda root: replace(read(root), query=())).folder.official


def test_batches_are_equal_with_and_without_workers_and_store(tiny_set: Path) -> None:
    stored = network_inputs(make(tiny_set))
    for options in (
        {"cache_gib": 0},
        {"cache_gib": 0, "workers": 2},
        {"device_store": True},
        {"device_store": True, "cache_gib": 0},
    ):
        data = make(tiny_set, **options)
        assert data.train_dataloader().num_workers == options.get("workers", 0)
        assert (data.pixels.on_device is None) == ("device_store" not in options)
        for first, second in zip(stored, network_inputs(data), strict=True):
            assert all(torch.equal(first[key], second[key]) for key in ("image", "label", "index"))


def test_a_cpu_that_copies_decoded_pictures_needs_no_workers(tiny_set: Path) -> None:
    assert make(tiny_set, workers=2).train_dataloader().num_workers == 0


def test_ranks_batches_laid_end_to_end_are_one_processs_also_augmented(tiny_set: Path) -> None:
    ranks = [network_inputs(as_rank(make(tiny_set), rank, 2)) for rank in range(2)]
    alone = network_inputs(make(tiny_set, p=8))
    for *parts, whole in zip(*ranks, alone, strict=True):
        for key in ("image", "label", "index"):
            assert torch.equal(torch.cat([part[key] for part in parts]), whole[key])


def test_scored_images_equal_torchvisions(tiny_set: Path) -> None:
    data = make(tiny_set)
    peer = v2.Compose([
        v2.Resize((32, 16), v2.InterpolationMode.BILINEAR), v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ])  # fmt: skip
    splits = data.folder.official
    samples = [*splits.query, *splits.gallery]
    for batch in data.test_dataloader():
        images = data.on_after_batch_transfer(batch, 0)["image"]
        expected = torch.stack([peer(decode(samples[i].picture)) for i in batch["index"]])
        assert torch.allclose(images, expected, rtol=0, atol=1e-6)


def test_pictures_are_scored_in_batches_that_suit_the_device(
    tiny_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_lightning.data.eval_batches._ON_CPU", 5)
    monkeypatch.setattr("reid_lightning.data.eval_batches._ON_GPU", 9)

    def largest(data: ReIDDataModule) -> int:
        pictures = data.test_dataloader().dataset
        return max(len(batch) for batch in pictures.batches)  # type: ignore[attr-defined]

    assert largest(make(tiny_set, eval_batch_size=None)) == 5
    for choice, device, size in ((None, "cpu", 5), (None, "cuda", 9), (4, "cuda", 4)):
        data = make(tiny_set, eval_batch_size=choice, cache_gib=1)
        assert largest(as_rank(data, 0, 1, device)) in (size - 1, size)


def test_held_out_pictures_are_read_from_the_training_pictures_store(tiny_set: Path) -> None:
    data = make(tiny_set, val_identities=5)
    assert len(next(iter(data.val_dataloader()))["image"]) > 0
    assert list(data.pixels.sources) == ["train"]


class Recorder(pl.LightningModule):
    """Records the batches that it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.indices: list[list[torch.Tensor]] = []
        self.images: list[list[torch.Tensor]] = []
        self.positions: list[dict[str, int]] = []

    def on_train_epoch_start(self) -> None:
        self.indices.append([])
        self.images.append([])

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        self.indices[-1].append(batch["index"])
        self.images[-1].append(batch["image"])
        return self.weight * batch["image"].mean()

    def on_train_batch_end(self, *_: Any) -> None:
        self.positions.append(self.trainer.datamodule.position())  # type: ignore[attr-defined]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(model: Recorder, data: ReIDDataModule, max_epochs: int) -> None:
    pl.Trainer(
        max_epochs=max_epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
        use_distributed_sampler=False,
    ).fit(model, data)  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])  # which run ahead of the training
def test_every_epoch_of_a_training_has_its_own_batches(workers: int, tiny_set: Path) -> None:
    """Lightning must set the sampler's epoch: else every epoch is the first one."""
    model = Recorder()
    data = make(tiny_set, workers=workers, cache_gib=0)
    fit(model, data, max_epochs=3)
    train, expected = data.folder.used.train, make(tiny_set).train_batches(0, 1)
    for epoch, indices in enumerate(model.indices):
        batches = [expected.batch(epoch, step).pictures for step in range(len(expected))]
        assert [index.tolist() for index in indices] == batches
        for step, (images, pictures) in enumerate(zip(model.images[epoch], batches, strict=True)):
            pixels = Decoder(32, 16).read([train[i].picture for i in pictures])
            assert torch.equal(
                images, STRONG(pixels, augmentation_uniforms(0, (epoch, step, 0), 8))
            )
    assert len({str(indices) for indices in model.indices}) == 3


def test_a_position_is_where_a_resumed_training_begins(tiny_set: Path) -> None:
    model, data = Recorder(), make(tiny_set)
    fit(model, data, max_epochs=2)
    batches = [index.tolist() for epoch in model.indices for index in epoch]
    steps = len(data.train_batches(0, 1))
    for trained, position in enumerate(model.positions, start=1):
        epoch, step = divmod(trained, steps)
        assert position == {"epoch": epoch, "step": step, "steps": steps}
    for trained, workers in ((3, 0), (steps, 0), (steps + 3, 1)):
        resumed = make(tiny_set, workers=workers, cache_gib=0)
        resumed.begin_at(model.positions[trained - 1])
        loader = resumed.train_dataloader()
        epoch_end = steps * (1 + trained // steps)
        assert [b["index"].tolist() for b in loader] == batches[trained:epoch_end]
        assert len(loader) == steps


def test_a_missing_set_is_reported_with_its_path_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReIDError) as caught:
        _ = make(tmp_path / "nothing", source="https://example.org/set").folder.official
    message = str(caught.value)
    assert str(tmp_path / "nothing") in message
    assert "https://example.org/set" in message and "data=synthetic" in message


def test_more_ranks_than_pictures_give_the_scores_of_one_process(tiny_set: Path) -> None:
    """The third of three ranks has no picture: its empty batch must pass through every step."""
    model = mobilenet_v2_embedder(
        num_classes=2, width=0.35, last_stride=1, pooling="gem", embedding=8, neck="bnneck",
        dropout=0.0, weights="none", freeze_backbone_epochs=0,
    ).eval()  # fmt: skip
    official = make(tiny_set).folder.official
    query = official.query[0]
    match = next(s for s in official.gallery if s.pid == query.pid and s.camid != query.camid)

    def score(world_size: int, cache_gib: float) -> dict[str, float]:
        metric, sizes = ReIDMetric(), []
        for rank in range(world_size):
            data = as_rank(make(tiny_set, cache_gib=cache_gib), rank, world_size)
            data.folder.official = replace(official, query=(query,), gallery=(match,))
            for pixels in data.test_dataloader():
                batch = data.on_after_batch_transfer(pixels, 0)
                sizes.append(len(batch["image"]))
                with torch.no_grad():
                    embeddings = model(batch["image"]).retrieval
                columns = (batch[key] for key in ("pid", "camid", "is_query", "index"))
                metric.update(embeddings, *columns)
        assert sizes == ([2] if world_size == 1 else [1, 1, 0])
        return {name: float(value) for name, value in metric.compute().items()}

    for cache_gib in (0, 1):
        assert score(3, cache_gib) == score(1, cache_gib)
