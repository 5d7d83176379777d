import csv
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from reid_lightning.engine.loggers.figures import ScoredFigures
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV, rows_before
from reid_lightning.engine.loggers.tensorboard import tensorboard_logger
from reid_lightning.engine.loggers.wandb import wandb_logger
from reid_lightning.errors import ReIDError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def mode(**options: str) -> str | None:
    return wandb_logger(".", **options)._wandb_init["mode"]


def test_without_a_login_the_run_is_offline_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert mode() == "offline"
    assert "no login was found" in caplog.text


def test_a_key_or_a_netrc_entry_is_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai login user password secret\n")
    netrc.chmod(0o600)
    assert mode() is None, "W&B's own way, which is online"
    netrc.unlink()
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    assert mode() is None, "W&B's own way, which is online"
    assert mode(mode="offline") == "offline"


def test_wandb_mode_of_the_environment_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert mode() == "disabled"
    assert mode(mode="online") == "online"


def test_a_refusal_of_wandb_is_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReIDError, match=r"logger\.mode=of must be auto, online or offline"):
        wandb_logger(".", mode="of")
    online = wandb_logger(".", mode="online")
    with pytest.raises(ReIDError, match=r"W&B does not start: .*logger\.mode=offline"):
        _ = online.experiment


def test_names_and_tags_are_as_long_as_wandb_takes_them(tmp_path: Path) -> None:
    long = f"loss.margin={'1' * 140}"
    (tmp_path / "0" / ".hydra").mkdir(parents=True)
    (tmp_path / "0" / ".hydra" / "hydra.yaml").write_text(
        f"hydra: {{mode: MULTIRUN, sweep: {{subdir: 0}}, overrides: {{task: [{long}, seed=1]}}, "
        "runtime: {choices: {}}}"
    )
    started_with = wandb_logger(str(tmp_path / "0"))._wandb_init
    assert started_with["name"] == long[:128] and started_with["tags"] == ["seed=1"]
    group = started_with["group"]
    assert group.startswith(f"{tmp_path.name}: loss.margin=1") and len(group) == 128
    given = wandb_logger(str(tmp_path / "0"), name="mine", group=None)._wandb_init
    assert given["name"] == "mine" and given["group"] == group
    longer = (tmp_path / "0" / ".hydra" / "hydra.yaml").read_text().replace(long, f"{long}1")
    (tmp_path / "0" / ".hydra" / "hydra.yaml").write_text(longer)
    other = wandb_logger(str(tmp_path / "0"))._wandb_init["group"]
    assert other != group and len(other) == 128, "other settings are another group"


def test_wandb_is_imported_by_runs_that_use_it_alone() -> None:
    program = "import sys, train, reid_lightning.engine.callbacks; sys.exit('wandb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_a_resumed_run_continues_its_own_wandb_run(tmp_path: Path) -> None:
    (tmp_path / "wandb" / "offline-run-20261122_131200-ab12cd34").mkdir(parents=True)
    (tmp_path / "wandb" / "latest-run").mkdir()
    assert wandb_logger(str(tmp_path), resume_step=0)._id == "ab12cd34"
    assert wandb_logger(str(tmp_path))._id is None, "a new run in an old folder"


@pytest.mark.parametrize("prefix", ["", "offline-"])
def test_an_id_with_dashes_is_found_again(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "wandb" / f"{prefix}run-20261122_131200-exp-2024-12-17").mkdir(parents=True)
    assert wandb_logger(str(tmp_path), resume_step=0)._id == "exp-2024-12-17"


def test_project_and_name_of_the_environment_are_used_unless_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wandb_logger(str(tmp_path))._wandb_init["project"] == "reid-lightning"
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    monkeypatch.setenv("WANDB_NAME", "first")
    started_with = wandb_logger(str(tmp_path), project=None, name=None)._wandb_init
    assert (started_with["project"], started_with["name"]) == ("mine", "first")
    started_with = wandb_logger(str(tmp_path), project="yours", name="second")._wandb_init
    assert (started_with["project"], started_with["name"]) == ("yours", "second")


def test_tensorboard_has_epochs_and_hides_what_a_resumed_run_trains_again(tmp_path: Path) -> None:
    """Three epochs of four steps; the run is resumed after the second."""
    for resume_step, epochs in ((None, (0, 1, 2)), (8, (2, 3))):
        resumed = {} if resume_step is None else {"resume_step": resume_step}
        curves = tensorboard_logger(save_dir=tmp_path, name="", version="tb", **resumed)
        rows = MetricsCSV(tmp_path, **resumed)
        for epoch in epochs:
            metrics = {"loss": epoch + 10.0 * bool(resume_step), "epoch": epoch}
            for logger in (curves, rows):
                logger.log_metrics(metrics, 4 * epoch + 3)
        curves.log_metrics({"test/mAP": 0.5, "epoch": epochs[-1] + 1}, 4 * epochs[-1] + 4)
        curves.finalize("success")
    shown = EventAccumulator(str(tmp_path / "tb")).Reload()
    assert [(e.step, e.value) for e in shown.Scalars("loss")] == [(1, 0), (2, 1), (3, 12), (4, 13)]
    assert [e.step for e in shown.Scalars("test/mAP")] == [4]
    assert "epoch" not in shown.Tags()["scalars"], "it is the axis"


def test_tensorboard_shows_a_test_as_wandb_does(tmp_path: Path) -> None:
    logger = tensorboard_logger(save_dir=tmp_path, name="", version="tb")
    pictures = [(f"{n}.jpg", Image.new("RGB", (30 + n, 20), (200, 0, n))) for n in range(2)]
    figures = ScoredFigures([0.25, 0.5, 1.0], {"worst": pictures, "best": pictures[:1]})
    config = {"loss": {"margin": 0.3}, "data": {"cache": "/caches/mine", "root": "/sets/mine"}}
    logger.log_hyperparams(config)
    logger.log_test(figures, {"test/mAP": 0.5, "val/mAP": 0.75}, config)
    logger.finalize("success")
    shown = EventAccumulator(str(tmp_path / "tb")).Reload()
    assert [(e.step, e.value) for e in shown.Scalars("test/CMC")] == [(1, 0.25), (2, 0.5), (3, 1.0)]
    lists = ["best/1_0.jpg", "worst/1_0.jpg", "worst/2_1.jpg"]
    assert sorted(shown.Tags()["images"]) == [f"ranked_lists/{name}" for name in lists]
    (picture,) = shown.Images("ranked_lists/worst/2_1.jpg")
    assert (picture.width, picture.height) == (31, 20)
    (score,) = shown.Scalars("hparams/test/mAP")
    assert score.value == 0.5 and shown.Scalars("hparams/val/mAP")[0].value == 0.75
    assert "hp_metric" not in shown.Tags()["scalars"]
    content = HParamsPluginData.FromString(
        shown.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    )
    given = content.session_start_info.hparams
    assert given["loss/margin"].number_value == 0.3
    assert given["data/root"].string_value == "/sets/mine" and "data/cache" not in given


def test_the_rows_of_an_epoch_are_one_and_others_stay_apart(tmp_path: Path) -> None:
    log = MetricsCSV(tmp_path)
    log.log_metrics({"val/mAP": 0.5, "epoch": 0}, 3)
    assert (tmp_path / "metrics.csv").read_text().split() == ["epoch,step,val/mAP", "0,3,0.5"]
    log.log_metrics({"train/loss": 2.0, "epoch": 0}, 3)
    log.log_metrics({"train/loss": 1.0, "epoch": 1}, 7)
    log.log_metrics({"train/loss": 3.0, "epoch": 1}, 7)  # a second value is not written over
    log.log_metrics({"test/mAP": 0.25, "epoch": 2}, 8)
    with (tmp_path / "metrics.csv").open() as file:
        rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
    assert rows == [
        {"epoch": "0", "step": "3", "val/mAP": "0.5", "train/loss": "2.0"},
        {"epoch": "1", "step": "7", "train/loss": "1.0"},
        {"epoch": "1", "step": "7", "train/loss": "3.0"},
        {"epoch": "2", "step": "8", "test/mAP": "0.25"},
    ]


def test_files_with_two_rows_an_epoch_are_resumed(tmp_path: Path) -> None:
    """As earlier versions wrote them."""
    old = "epoch,step,train/loss,val/mAP\n0,3,,0.5\n0,3,2.0,\n1,7,,0.6\n"
    (tmp_path / "metrics.csv").write_text(old)
    log = MetricsCSV(tmp_path, resume_step=4)
    log.log_metrics({"val/mAP": 0.7, "epoch": 1}, 7)
    log.log_metrics({"train/loss": 1.0, "epoch": 1}, 7)
    expected = "epoch,step,train/loss,val/mAP 0,3,,0.5 0,3,2.0, 1,7,1.0,0.7"
    assert (tmp_path / "metrics.csv").read_text().split() == expected.split()


@pytest.mark.parametrize("step", ["", "x", "-1", "1.5", "9" * 5000])
def test_rows_of_no_step_are_damage(step: str, tmp_path: Path) -> None:
    """Python refuses to read a number of 5,000 digits."""
    (tmp_path / "metrics.csv").write_text(f"step,x\n1,2\n{step},3\n")
    with pytest.raises(ReIDError, match=r"metrics\.csv is damaged: a row has no step"):
        rows_before(tmp_path / "metrics.csv", 9)
