import logging
import sys

import pytest
from terminal import terminal

from reid_lightning.run.terminal_log import shape_log_for_terminal

TABLE = "\nset    pictures\n---  ----------\n" + "a" * 90
LONG = "The learning rate never reaches optimizer.lr: the warm-up (scheduler.warmup_epochs=5) ends."


def test_a_terminal_has_lines_that_end_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(60, monkeypatch) as shown:
        monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(sys.stdout)])
        shape_log_for_terminal()
        for message in (TABLE, LONG, f"Results: /{'x' * 70}"):
            logging.getLogger("of.the.test").warning(message)
    lines = shown.text.replace("\r", "").splitlines()
    assert lines[:4] == TABLE.split("\n"), "without a time"
    assert max(len(line) for line in lines[4:6]) <= 60
    assert lines[4].startswith("[") and lines[4][11:].startswith("The learning rate")
    assert lines[5].startswith(" " * 11)
    assert " ".join(line[11:] for line in lines[4:6]) == LONG
    assert lines[-1].strip() == f"/{'x' * 70}", "a path stays whole"


def test_other_streams_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(sys.stdout)])
    shape_log_for_terminal()
    logging.getLogger("of.the.test").warning(LONG)
    assert capsys.readouterr().out == f"{LONG}\n"
