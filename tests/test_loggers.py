import logging
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid_lightning import loggers


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_a_login_the_run_is_offline_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert loggers.wandb_logger(".")._offline
    assert "nobody is logged in" in caplog.text


def test_a_key_or_a_netrc_entry_is_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai login user password secret\n")
    netrc.chmod(0o600)
    assert not loggers.wandb_logger(".")._offline
    netrc.unlink()
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    assert not loggers.wandb_logger(".")._offline
    assert loggers.wandb_logger(".", mode="offline")._offline


def test_a_resumed_run_goes_on_with_its_own_wandb_run(tmp_path: Path) -> None:
    (tmp_path / "wandb" / "offline-run-20261122_131200-ab12cd34").mkdir(parents=True)
    (tmp_path / "wandb" / "latest-run").mkdir()
    assert loggers.wandb_logger(str(tmp_path), resume_step=0)._id == "ab12cd34"
    assert loggers.wandb_logger(str(tmp_path))._id is None, "a new run in an old folder"


def test_tensorboard_hides_what_a_resumed_run_trains_again(tmp_path: Path) -> None:
    for resume_step, steps in ((None, (3, 7, 11)), (8, (11, 15))):
        logger = loggers.tensorboard_logger(resume_step, save_dir=tmp_path, name="", version="tb")
        for step in steps:
            logger.log_metrics({"loss": step + (resume_step or 0)}, step)
        logger.finalize("success")
    shown = EventAccumulator(str(tmp_path / "tb")).Reload().Scalars("loss")
    assert [(e.step, e.value) for e in shown] == [(3, 3), (7, 7), (11, 19), (15, 23)]
