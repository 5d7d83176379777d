"""Every network trains from random weights: it ends above what it scored untrained."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from reid_lightning.data.synthetic import draw_synthetic
from reid_lightning.engine.callbacks import EpochMeans
from reid_lightning.run.build import build_module

CONF = Path(__file__).parents[2] / "conf"
COUNTS = {"train_identities": 32, "test_identities": 12}
NETWORKS = {
    "mobilenet_v2 parts": ["model.width=0.35", "model.last_stride=1", "model.parts=2"],
    "osnet": ["model=osnet", "model.width=0.25"],
    "resnet50": ["model=resnet50"],
    "mobilenetv4": ["model=timm", "model.name=mobilenetv4_conv_small"],
    "repvit": ["model=timm", "model.name=repvit_m0_9"],
    "fastvit": ["model=timm", "model.name=fastvit_t8"],
    "swin": ["model=timm", "model.name=swin_tiny_patch4_window7_224", "optimizer.lr=3e-4"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_it_ends_above_the_untrained_network(name: str, tmp_path: Path) -> None:
    if "model=timm" in NETWORKS[name]:
        pytest.importorskip("timm")
    overrides = [
        "loss=semihard", "optimizer=adam", "optimizer.lr=1e-3", "scheduler.warmup_epochs=2",
        "data=synthetic", f"data.root={draw_synthetic(tmp_path / 'set', **COUNTS)}",
        *(f"data.draw.{key}={count}" for key, count in COUNTS.items()),
        "data.height=96", "data.width=48", "data.p=8", "data.workers=0", "augmentation=none",
    ]  # fmt: skip
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", [*overrides, *NETWORKS[name]])
    pl.seed_everything(0, verbose=False)
    datamodule = instantiate(config.data)
    module = build_module(config, datamodule.num_classes)
    trainer = pl.Trainer(
        max_epochs=15, check_val_every_n_epoch=15, accelerator="cpu", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, use_distributed_sampler=False, callbacks=[EpochMeans()],
    )  # fmt: skip
    (untrained,) = trainer.validate(module, datamodule, verbose=False)
    trainer.fit(module, datamodule)
    trained = float(trainer.callback_metrics["val/mAP"])
    print(f"{name}: mAP {untrained['val/mAP']:.3f} untrained, {trained:.3f} trained")
    assert trained > untrained["val/mAP"]
