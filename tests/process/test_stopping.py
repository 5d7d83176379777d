"""When a signal stops a program, and when it waits."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from reid_lightning.process import (
    SIGNALS,
    Stopped,
    allow_stop,
    begin_stop,
    defer_stop,
    exit_at_signals,
    pass_signals_to,
    received_signal,
    stop_by,
    stop_signals,
    stopping,
)

TERM = signal.SIGTERM


@pytest.fixture
def handlers() -> Iterator[None]:
    before = [signal.getsignal(s) for s in SIGNALS]
    with stop_signals():
        yield
    assert [signal.getsignal(s) for s in SIGNALS] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_signal_stops_with_its_status_and_another_soon_after_is_the_same(handlers: None) -> None:
    with pytest.raises(Stopped, match="Stopped by SIGTERM") as stop:
        signal.raise_signal(TERM)
    assert stop.value.code == 143 and received_signal() == TERM
    signal.raise_signal(TERM)  # of the whole group, say


def test_another_signal_later_stops_again(handlers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_SAME_SECONDS", 0.0)
    for _ in range(2):
        with pytest.raises(Stopped, match="SIGTERM"):
            signal.raise_signal(TERM)


def test_a_deferred_stop_waits_for_a_while(handlers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "STEP_SECONDS", 0.2)
    monkeypatch.setattr(stopping, "_SAME_SECONDS", 0.0)
    defer_stop()
    signal.raise_signal(TERM)
    signal.raise_signal(TERM)  # passed on by somebody: it does not hurry
    assert received_signal() == TERM
    with pytest.raises(Stopped):
        time.sleep(5)


def test_nothing_disturbs_a_stop_that_has_begun(
    handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if another rank got the signal, and this one gets it while it saves."""
    monkeypatch.setattr(stopping, "STEP_SECONDS", 0.05)
    defer_stop()
    begin_stop(TERM)
    signal.raise_signal(TERM)
    time.sleep(0.2)
    allow_stop()
    assert received_signal() == TERM


def test_listeners_hear_each_signal_once(handlers: None) -> None:
    heard: list[int] = []
    with pass_signals_to(heard.append), pytest.raises(Stopped):
        signal.raise_signal(TERM)
    assert heard == [TERM]


def test_stopping_by_hand_is_as_by_a_signal(handlers: None) -> None:
    heard: list[int] = []
    with pass_signals_to(heard.append), pytest.raises(Stopped, match="SIGINT"):
        stop_by(signal.SIGINT)
    assert heard == [signal.SIGINT] and received_signal() == signal.SIGINT


def test_a_listening_process_is_not_stopped() -> None:
    heard: list[int] = []
    with stop_signals(stops=False), pass_signals_to(heard.append):
        signal.raise_signal(TERM)
        assert heard == [TERM] and received_signal() == TERM


def test_a_stop_goes_round_a_destructor(handlers: None) -> None:
    class Closes:
        def __del__(self) -> None:
            signal.raise_signal(TERM)

    with pytest.raises(Stopped):
        Closes()
        time.sleep(5)


def test_a_forked_process_dies_of_the_signal_and_stops_nothing(handlers: None) -> None:
    heard: list[int] = []
    with pass_signals_to(heard.append):
        if (pid := os.fork()) == 0:
            signal.raise_signal(TERM)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == TERM
    assert not heard and received_signal() is None


def test_an_ignored_signal_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stop_signals(), exit_at_signals():
        signal.raise_signal(signal.SIGHUP)
    assert signal.signal(signal.SIGHUP, before) is signal.SIG_IGN


def test_during_imports_the_process_ends_at_once() -> None:
    code = (
        "import signal\nfrom reid_lightning.process import exit_at_signals\n"
        "with exit_at_signals():\n    try:\n        signal.raise_signal(15)\n"
        "    except BaseException:\n        pass\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 143


def test_a_stop_travels_between_processes() -> None:
    stop = pickle.loads(pickle.dumps(Stopped(TERM)))
    assert (stop.signum, stop.code) == (TERM, 143)
