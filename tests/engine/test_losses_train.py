"""Every YAML under conf/loss trains: three epochs score above the untrained network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig

from reid_lightning.data.synthetic import draw_synthetic
from reid_lightning.engine.callbacks import EpochMeans
from reid_lightning.run.build import build_module

CONF = Path(__file__).parents[2] / "conf"
LOSSES = sorted(path.stem for path in (CONF / "loss").glob("*.yaml"))
DIAGNOSTICS = ("loss", "loss_id", "dist_pos", "dist_neg", "embedding_norm")
FAST = ("softmax", "hard", "circle")  # one of each kind; the others are left to `make test-all`
MINED = ("triplet", "hard", "hard_margin", "semihard", "batch_all", "quadruplet")
COUNTS = {"train_identities": 32, "test_identities": 12}


@pytest.fixture(scope="module")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_synthetic(tmp_path_factory.mktemp("losses") / "synthetic", **COUNTS)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures this small train faster on one core, and the same on any number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def composed(loss: str, root: Path) -> DictConfig:
    # Random features from random weights are colour histograms, and no easy ones to beat: Adam
    # needs far more steps than these, and a small embedding mixes them up.
    overrides = [
        f"loss={loss}", "optimizer=sgd", "optimizer.lr=1e-2", "scheduler=constant",
        "data=synthetic", f"data.root={root}", *(f"data.draw.{k}={v}" for k, v in COUNTS.items()),
        "data.height=64", "data.width=32", "data.p=4", "data.workers=0", "model.width=0.35",
        "augmentation=none", "model.embedding=64",
    ]  # fmt: skip
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", overrides)


@pytest.mark.parametrize(
    "loss", [pytest.param(x, marks=[] if x in FAST else pytest.mark.slow) for x in LOSSES]
)
def test_three_epochs_beat_the_untrained_network(loss: str, small_set: Path) -> None:
    config = composed(loss, small_set)
    pl.seed_everything(0, verbose=False)
    datamodule = instantiate(config.data)
    module = build_module(config, datamodule.num_classes)
    trainer = pl.Trainer(
        max_epochs=3, check_val_every_n_epoch=3, accelerator="cpu", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, use_distributed_sampler=False, callbacks=[EpochMeans()],
    )  # fmt: skip
    (untrained,) = trainer.validate(module, datamodule, verbose=False)
    trainer.fit(module, datamodule)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert metrics["val/mAP"] > untrained["val/mAP"]
    assert all(f"train/{name}" in metrics for name in DIAGNOSTICS)
    assert ("train/active" in metrics) == (loss in MINED)
    assert ("train/loss_metric" in metrics) == (loss != "softmax")
