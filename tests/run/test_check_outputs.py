"""What a run will write is tried before it trains."""

from pathlib import Path

import pytest
from compose_config import composed

from reid_lightning.errors import ReIDError
from reid_lightning.run.build import build_trainer

_CALLBACKS = "pytorch_lightning.callbacks"
_PROFILER = "{_target_:pytorch_lightning.profilers.SimpleProfiler,dirpath:taken,filename:a}"


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder `run` of a run, and a file named `taken`, below which no folder can be."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    Path("taken").touch()


def build(*overrides: str) -> None:
    build_trainer(composed("train", "trainer.accelerator=cpu", *overrides))


@pytest.mark.parametrize(
    ("key", "overrides"),
    [
        ("callbacks.best.dirpath", ["callbacks.best.dirpath=taken"]),
        ("callbacks.last.path", ["callbacks.last.path=taken/last.ckpt"]),
        ("callbacks.findings.folder", ["callbacks.findings.folder=taken/below"]),
        ("callbacks.status.folder", ["callbacks.status.folder=taken"]),
        ("logger.save_dir", ["logger.save_dir=taken"]),
        ("logger.save_dir", ["logger=tensorboard", "logger.save_dir=taken"]),
        ("logger.save_dir", ["logger=wandb", "logger.mode=offline", "logger.save_dir=taken"]),
        ("logger.log_dir", ["logger=tensorboard", "logger.name=../taken"]),
        ("trainer.profiler.dirpath", [f"+trainer.profiler={_PROFILER}"]),
        (
            "callbacks.x.dirpath",
            [f"+callbacks.x={{_target_:{_CALLBACKS}.ModelCheckpoint,dirpath:taken}}"],
        ),
    ],
)
def test_every_folder_is_tried(key: str, overrides: list[str]) -> None:
    with pytest.raises(ReIDError, match=rf"^{key}: the folder \S*taken\S* cannot be written"):
        build(*overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ["callbacks.last.path=run/checkpoints/best.ckpt"],
        ["callbacks.last.path=run/../run/checkpoints/best.ckpt"],
        ["callbacks.best.filename=last"],
        ["+callbacks.best.save_last=true"],
        [
            f"+callbacks.x={{_target_:{_CALLBACKS}.ModelCheckpoint,"
            "dirpath:run/checkpoints,filename:best}"
        ],
    ],
)
def test_every_checkpoint_has_a_file_of_its_own(overrides: list[str]) -> None:
    with pytest.raises(ReIDError, match=r"^callbacks\.best\.\w+ and callbacks\.\S+ both write "):
        build(*overrides)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("callbacks.last.path=run/metrics.csv", "must be the path of a .ckpt file"),
        ("callbacks.last.path=run", "must be the path of a .ckpt file"),
        ("callbacks.best.filename=../best", "must be a name without a slash"),
        ("callbacks.best.filename='{val/mAP:.2f}'", "must be a name without a slash"),
    ],
)
def test_checkpoints_are_no_other_files(override: str, message: str) -> None:
    with pytest.raises(ReIDError, match=message):
        build(override)


def test_a_last_checkpoint_that_a_resume_would_not_find_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    build("callbacks.best.filename='{epoch}'", "callbacks.findings=null")
    assert "resume=" not in caplog.text
    build("callbacks.last.path=elsewhere/last.ckpt")
    assert "callbacks.last.path=elsewhere/last.ckpt is not where resume= looks" in caplog.text
