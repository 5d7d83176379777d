"""How errors are reported, and what they end."""

import json
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins

from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.process import Stopped, stop_signals
from reid_lightning.results.status import State, read_status, read_status_file, write_status
from reid_lightning.run.held_sweep import held_sweep, hold_sweep
from reid_lightning.run.own_folder import own_folder
from reid_lightning.run.user_errors import (
    clear_message,
    failed_score,
    report_errors,
    report_job_errors,
    report_thread_error,
)

CONF = str(Path(__file__).parents[2] / "conf")
Begin = Callable[..., None]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Makes this process one that runs a job."""

    def begin(*overrides: str) -> None:
        own = f"hydra.runtime.output_dir={tmp_path}"
        with initialize_config_dir(CONF, version_base="1.3"):
            config = compose("train", [own, *overrides], return_hydra_config=True)
        monkeypatch.setattr(HydraConfig.instance(), "cfg", config)

    return begin


def test_a_run_ends_with_the_sentence_and_a_bug_with_its_traceback(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    begin("hydra.mode=RUN")
    with pytest.raises(SystemExit, match="1"), report_job_errors(resumable=True):
        raise ReIDError("Not so.")
    assert caplog.messages == ["Error: Not so."]
    with pytest.raises(ValueError, match="a bug"), report_job_errors(resumable=True):
        raise ValueError("a bug")
    with pytest.raises(SystemExit, match="3"), report_job_errors(resumable=True):
        sys.exit(3)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ReIDError("Not so."), "Not so."),
        (ValueError("a\nbug"), "ValueError: a bug"),
        (SystemExit(3), "SystemExit: 3"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_a_job_of_a_sweep_ends_alone(
    error: BaseException, message: str, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    begin("hydra.mode=MULTIRUN")
    with report_job_errors(resumable=True):
        raise error
    (record,) = caplog.records
    assert record.getMessage() == f"Error: {message}" and record.levelno == logging.ERROR
    assert (record.exc_info is None) == isinstance(error, ReIDError), "a bug has its traceback"
    assert math.isnan(failed_score())


def test_a_failed_trial_is_an_error_for_optuna(begin: Begin) -> None:
    begin("sweep=optuna")
    with pytest.raises(ReIDError, match="This job failed"):
        failed_score()


@pytest.mark.parametrize("mode", ["RUN", "MULTIRUN"])
def test_a_signal_ends_a_run_and_a_sweep_whatever_error_follows_from_it(
    mode: str, begin: Begin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begin(f"hydra.mode={mode}")
    job = report_job_errors(resumable=True)
    with stop_signals():
        with pytest.raises(Stopped, match="SIGTERM") as stop, job, own_folder(resumes=False):
            try:
                signal.raise_signal(signal.SIGTERM)
            except Stopped as error:
                raise RuntimeError("Connection closed by peer") from error
        with pytest.raises(SystemExit) as end, report_errors(resumable=True):
            raise stop.value
    assert end.value.code == 143
    assert read_status(tmp_path) == "unfinished"
    assert read_status_file(tmp_path)["state"] == "stopped"
    hint = f"Stopped by SIGTERM. reid train resume={tmp_path} continues the run."
    warning, *last = caplog.messages
    assert warning == "After the signal: RuntimeError: Connection closed by peer"
    assert last == ([hint] if mode == "RUN" else []), "a sweep says it once, at its end"


@pytest.mark.parametrize(
    ("mode", "before", "error", "after"),
    [
        ("RUN", None, None, "running"),
        ("RUN", "failed", ReIDError("Not so."), "failed"),
        ("RUN", None, ValueError("a bug"), "failed"),
        ("RUN", "finished", Stopped(15), "finished"),
        ("MULTIRUN", "finished", Stopped(15), "finished"),
        ("MULTIRUN", "finished", ReIDError("Other settings."), "failed"),
    ],
)
def test_a_job_says_in_its_status_how_it_ended(
    mode: str, before: State | None, error: BaseException | None, after: str, begin: Begin,
    tmp_path: Path,
) -> None:  # fmt: skip
    begin(f"hydra.mode={mode}")
    if before:
        write_status(tmp_path, before)
    with suppress(BaseException), own_folder(resumes=before is not None):
        if error:
            raise error
    status = read_status_file(tmp_path)
    assert status["state"] == after and status["process"] == os.getpid()
    if after == "failed" and error:
        assert status["message"] in ("Not so.", "ValueError: a bug", "Other settings.")


def test_ctrl_c_in_a_program_without_handlers_is_a_stop(begin: Begin, tmp_path: Path) -> None:
    begin("hydra.mode=RUN")
    with pytest.raises(Stopped, match="SIGINT"), report_job_errors(resumable=False):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("group", "choice", "override"),
    [
        ("launcher", "joblib", "hydra/launcher=joblib"),
        ("launcher", "submitit_slurm", "hydra/launcher=submitit_slurm"),
        ("sweeper", "optuna", "sweep=optuna"),
    ],
)
def test_what_an_extra_brings_is_named_with_it(
    group: str,
    choice: str,
    override: str,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Plugins.instance()  # before one is taken away: it registers all of them
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"][group], f"{choice}.yaml")
    with pytest.raises(SystemExit), report_errors(resumable=True):
        begin(override)
    start_of_message = f"Error: hydra/{group}/{choice} comes with an extra that is not installed: "
    assert caplog.messages == [f"{start_of_message}pip install '.[sweep]'."]


@pytest.mark.parametrize("resumable", [True, False])
def test_what_a_sweeper_raises_is_a_sentence_and_a_bug_of_ours_has_its_traceback(
    resumable: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever the command; optuna's and joblib's errors come from their own files."""
    hold_sweep(tmp_path)
    with pytest.raises(SystemExit, match="1"), report_errors(resumable=resumable):
        json.loads("nope")
    (message,) = caplog.messages
    assert message.startswith("Error: The sweep ended before its jobs did (JSONDecodeError: Expect")
    assert (f"resume_sweep={tmp_path} continues it" in message) == resumable
    assert read_status_file(tmp_path)["state"] == "failed"
    assert held_sweep() is None
    hold_sweep(tmp_path)
    with pytest.raises(SystemExit, match="1"), report_errors(resumable=resumable):
        unknown_name(None, None)  # type: ignore[arg-type]
    assert caplog.records[-2].exc_info is not None


def test_a_disk_error_of_a_librarys_thread_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("threading.excepthook", report_thread_error)
    monkeypatch.setattr("logging.raiseExceptions", False)  # as in a command

    def fail(error: Exception) -> None:
        raise error

    for error in (OSError(28, "No space left on device", "events"), ValueError("a bug")):
        thread = threading.Thread(target=fail, args=[error])
        thread.start()
        thread.join()
    assert "A thread ended: events cannot be written (No space left on device)" in caplog.text
    printed = capsys.readouterr().err
    assert "ValueError: a bug" in printed and "OSError" not in printed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("seed: 0\nseed: 1\n", "found duplicate key seed"),
        ("a: [", "expected"),
        ("\0", "unacceptable"),
    ],
)
def test_a_yaml_file_that_hydra_cannot_read_is_named(
    content: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with initialize_config_dir(str(tmp_path), version_base="1.3"), pytest.raises(Exception) as e:
        compose("config")
    message = clear_message(e.value)
    assert message is not None and message.startswith("A YAML file cannot be read: ")
    assert reason in message and f"{tmp_path}/config.yaml" in message
