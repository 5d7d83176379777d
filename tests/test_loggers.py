import logging
from pathlib import Path

import pytest

from reid_lightning import loggers


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_a_login_the_run_is_offline_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert loggers.wandb_logger()._offline
    assert "nobody is logged in" in caplog.text


def test_a_key_or_a_netrc_entry_is_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai login user password secret\n")
    netrc.chmod(0o600)
    assert not loggers.wandb_logger()._offline
    netrc.unlink()
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    assert not loggers.wandb_logger()._offline
    assert loggers.wandb_logger(mode="offline")._offline
