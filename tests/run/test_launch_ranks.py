"""Ranks are started, watched, stopped and cleaned up after."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from processes import Family

from reid_lightning.errors import ReIDError
from reid_lightning.process import Stopped
from reid_lightning.run.launch_ranks import run_ranks

RANK = """
import os, pathlib, signal, subprocess, sys, time
from reid_lightning.process import pass_signals_to, stop_signals
from reid_lightning.run.rank_link import SupervisorLink
rank, out, link = int(os.environ["LOCAL_RANK"]), pathlib.Path(os.environ["OUT"]), SupervisorLink()
with stop_signals(stops=rank == 0), pass_signals_to(link.report_signal):
"""
SLEEP = (
    RANK
    + """
    child = subprocess.Popen(["sleep", "100"])  # as a loader's worker
    (out / f"{rank}").write_text(str(os.getpid()))
    time.sleep(100)
"""
)
DEAF = SLEEP.replace("    child =", "    signal.signal(15, signal.SIG_IGN)\n    child =")
SUPERVISOR = """
import sys
from reid_lightning.process import stop_signals
from reid_lightning.run.launch_ranks import run_ranks
with stop_signals():
    run_ranks([[sys.executable, "-c", sys.argv[1]]] * 2, threads=2)
"""


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ranks leave files."""
    monkeypatch.setenv("OUT", str(tmp_path))
    return tmp_path


def written(path: Path) -> bool:
    return path.exists() and path.read_text() != ""


def run(code: str, count: int = 2, threads: int = 2) -> None:
    run_ranks([[sys.executable, "-c", code]] * count, threads)


def test_every_rank_runs_and_nothing_is_left(out: Path) -> None:
    before = dict(os.environ)
    run(RANK + '    (out / f"{rank}").write_text(os.environ["WORLD_SIZE"] + sys.stdin.read())', 3)
    assert {p.name: p.read_text() for p in out.iterdir()} == {"0": "3", "1": "3", "2": "3"}
    assert dict(os.environ) == before


def test_threads_are_divided_among_the_ranks(out: Path) -> None:
    run(RANK + '    (out / f"{rank}").write_text(os.environ["OMP_NUM_THREADS"])', threads=6)
    assert {p.read_text() for p in out.iterdir()} == {"3"}


def test_a_signal_while_python_itself_starts_stops_the_job(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, it would end in a fatal error of Python's, with exit status 1."""
    (out / "sitecustomize.py").write_text(
        "import os, signal\n"
        "signal.signal(2, signal.default_int_handler)  # a job in the background ignores it\n"
        "os.kill(os.getpid(), 2)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(out))
    monkeypatch.syspath_prepend(str(out))
    with pytest.raises(Stopped) as stop:
        run(RANK + "    time.sleep(100)", 1)
    assert stop.value.signum == signal.SIGINT


def test_the_cause_is_told_and_not_what_followed_from_it(
    out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Rank 1's error ends the connection, which rank 0 notices."""
    fail = """
    if rank == 0:
        time.sleep(0.2)
        link.report_error("RuntimeError: Connection closed by peer", "Traceback of rank 0")
    else:
        link.report_error("ValueError: a bug", "Traceback of rank 1")
        time.sleep(0.5)
    sys.exit(1)
"""
    with pytest.raises(ReIDError, match=r"^ValueError: a bug$"):
        run(RANK + fail)
    also = "Also: RuntimeError: Connection closed by peer"
    assert caplog.messages == [also, "Traceback of rank 1"]


def test_a_sentence_for_the_user_is_told_rather_than_a_bug(
    out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fail = """
    if rank == 0:
        link.report_error("RuntimeError: broken", "Traceback")
    else:
        link.report_error("The disk is full.", "")
    sys.exit(1)
"""
    with pytest.raises(ReIDError, match=r"^The disk is full\.$"):
        run(RANK + fail)
    assert not caplog.messages, "a bug is likely to follow from it"


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "Rank 1 of the job was killed by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "Rank 1 of the job was killed by SIGSEGV"),
        ("os._exit(3)", "Rank 1 of the job ended with exit status 3"),
    ],
)
def test_a_rank_that_dies_ends_the_job(end: str, message: str, out: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ReIDError, match=message):
        run(RANK + f"    {end} if rank else time.sleep(100)")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("target", ["supervisor", "0", "1", "group"])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_any_of_them_ends_all(signum: signal.Signals, target: str, out: Path) -> None:
    family = Family("-c", SUPERVISOR, SLEEP, cwd=out)
    family.wait_for(lambda: written(out / "0") and written(out / "1"))
    time.sleep(0.1)
    if target == "group":
        os.killpg(family.first.pid, signum)
    else:
        pid = family.first.pid if target == "supervisor" else int((out / target).read_text())
        os.kill(pid, signum)
    assert family.end(10.0) == 128 + signum


@pytest.mark.parametrize("target", ["supervisor", "0", "1"])
def test_a_kill_of_any_of_them_ends_all(target: str, out: Path) -> None:
    family = Family("-c", SUPERVISOR, SLEEP, cwd=out)
    family.wait_for(lambda: written(out / "0") and written(out / "1"))
    pid = family.first.pid if target == "supervisor" else int((out / target).read_text())
    os.kill(pid, signal.SIGKILL)
    status = family.end(10.0)
    assert status == (-signal.SIGKILL if target == "supervisor" else 1)


def test_a_supervisor_killed_while_it_stops_leaves_nothing(out: Path) -> None:
    """As systemd, docker and SLURM do when a SIGTERM takes too long."""
    family = Family("-c", SUPERVISOR, DEAF, cwd=out)
    family.wait_for(lambda: written(out / "0") and written(out / "1"))
    time.sleep(0.1)
    family.first.terminate()
    time.sleep(0.3)
    os.kill(int((out / "1").read_text()), signal.SIGINT)  # its report is never read
    time.sleep(0.3)
    assert family.first.poll() is None
    family.first.kill()
    assert family.end(5.0) == -signal.SIGKILL


def test_the_children_of_a_rank_do_not_stop_the_job(out: Path) -> None:
    pool = """
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(abs, [1, 2])
    (out / f"{rank}").touch()
"""
    run(RANK + pool)
    assert len(list(out.iterdir())) == 2


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(3)"])
def test_a_reported_error_goes_before_a_death_without_a_word(
    end: str, out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """NCCL aborts a process that has lost another."""
    fail = f"""
    if rank == 0:
        link.report_error("ValueError: a bug", "Traceback")
        sys.exit(1)
    time.sleep(0.3)
    {end}
"""
    with pytest.raises(ReIDError, match=r"^ValueError: a bug$"):
        run(RANK + fail)
    assert caplog.messages[1:] == ["Traceback"] and caplog.messages[0].startswith("Also: Rank 1 ")


def test_a_rank_that_does_not_stop_is_killed(out: Path) -> None:
    family = Family("-c", SUPERVISOR, DEAF, cwd=out)
    family.wait_for(lambda: written(out / "0") and written(out / "1"))
    family.first.terminate()
    assert family.end(10.0) == 143


def test_a_rank_that_a_signal_reaches_before_it_has_handlers_stops_the_job(out: Path) -> None:
    with pytest.raises(Stopped, match="SIGTERM"):
        run(RANK.partition("with")[0] + "os.kill(os.getpid(), 15) if rank else time.sleep(100)")
