import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid_lightning.engine.loggers.metrics_csv import rows_before
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


def test_tensorboard_hides_what_a_resumed_run_trains_again(tmp_path: Path) -> None:
    for resume_step, steps in ((None, (3, 7, 11)), (8, (11, 15))):
        logger = tensorboard_logger(resume_step, save_dir=tmp_path, name="", version="tb")
        for step in steps:
            logger.log_metrics({"loss": step + (resume_step or 0)}, step)
        logger.finalize("success")
    shown = EventAccumulator(str(tmp_path / "tb")).Reload().Scalars("loss")
    assert [(e.step, e.value) for e in shown] == [(3, 3), (7, 7), (11, 19), (15, 23)]


@pytest.mark.parametrize("step", ["", "x", "-1", "1.5", "9" * 5000])
def test_rows_of_no_step_are_damage(step: str, tmp_path: Path) -> None:
    """Python refuses to read a number of 5,000 digits."""
    (tmp_path / "metrics.csv").write_text(f"step,x\n1,2\n{step},3\n")
    with pytest.raises(ReIDError, match=r"metrics\.csv is damaged: a row has no step"):
        rows_before(tmp_path / "metrics.csv", 9)
