import io
import sys

import pytest
from terminal import terminal

from reid_lightning.bars import with_bar


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_bar_is_as_wide_as_the_terminal_and_is_removed(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(columns, monkeypatch) as shown:
        assert list(with_bar("abc", 3, "spelling")) == ["a", "b", "c"]
        print("spelled")
    states = shown.lines()
    assert states[0].startswith("spelling |") and " 0/3" in states[0]
    assert max(map(len, states[:-1])) == columns - 1
    assert shown.text.endswith("\rspelled\r\n"), "in the bar's place"


def test_nothing_is_written_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert list(with_bar("abc", 3, "spelling")) == ["a", "b", "c"]
    assert stream.getvalue() == ""
