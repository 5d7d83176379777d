"""Ranks are started, waited for and cleaned up after."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.run.launch_ranks import process_ranks

WRITE = "import os, pathlib; pathlib.Path(os.environ['OUT'], os.environ['LOCAL_RANK']).touch()"


def test_other_ranks_run_the_command_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUT", str(tmp_path))
    before, threads = dict(os.environ), torch.get_num_threads()
    with process_ranks([sys.executable, "-c", WRITE], 3):
        assert (os.environ["LOCAL_RANK"], os.environ["WORLD_SIZE"]) == ("0", "3")
        assert torch.get_num_threads() == max(1, threads // 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2"]
    assert dict(os.environ) == before and torch.get_num_threads() == threads


def test_nothing_is_started_for_one_process() -> None:
    with process_ranks(["no-such-command"], 1):
        assert "LOCAL_RANK" not in os.environ


def test_another_ranks_failure_is_named_where_this_one_sees_a_broken_connection() -> None:
    with (
        pytest.raises(ReIDError, match="Process 1 ended with an error"),
        process_ranks([sys.executable, "-c", "raise SystemExit(1)"], 2),
    ):
        raise RuntimeError("Connection closed by peer")


def test_after_an_error_the_other_ranks_are_ended() -> None:
    started = time.monotonic()
    with (
        pytest.raises(RuntimeError, match="mine"),
        process_ranks([sys.executable, "-c", "import time; time.sleep(60)"], 2),
    ):
        raise RuntimeError("mine")
    assert time.monotonic() - started < 30
    assert "LOCAL_RANK" not in os.environ


def test_a_rank_that_dies_ends_a_job_that_waits_for_it() -> None:
    job = (
        "import sys, time, reid_lightning.run.launch_ranks as launch\n"
        "launch._GRACE_SECONDS = 0.1\n"
        "with launch.process_ranks([sys.executable, '-c', 'raise SystemExit(3)'], 2):\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, timeout=50)
    assert done.returncode == 1
    assert "Another rank of this job died (exit status 3)" in done.stderr
