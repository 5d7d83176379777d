"""The pages about a trained model: their commands run, and print what they show, numbers and names
aside."""

import re
import shlex
from pathlib import Path

import pytest

from reid_lightning.run.command import main

DOCS = Path(__file__).parents[1] / "docs"


def sessions(page: str) -> list[tuple[str, str]]:
    """Every command of a page with what it prints."""
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)```", (DOCS / page).read_text(), flags=re.S)
    return [(command, output) for command, output in blocks]


def shape(output: str) -> list[str]:
    """The lines without numbers, names of files, and the width of columns."""
    lines = [re.sub(r"\S*/\S*|-?[\d.,]+|-{2,}", "#", line) for line in output.splitlines()]
    return [" ".join(line.split()) for line in lines]


@pytest.mark.parametrize("page", ["using-a-model.md", "sharing.md"])
def test_the_page_shows_what_happens(
    page: str,
    trained_run: Path,
    tiny_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, target in (("outputs/demo", trained_run), ("data/synthetic", tiny_set)):
        Path(path).parent.mkdir()
        Path(path).symlink_to(target)
    query = sorted((tiny_set / "query").glob("*.jpg"))[0].name
    assert len(sessions(page)) >= 2
    for command, output in sessions(page):
        typed = re.sub(r"(?<=query/)[-\w]+\.jpg", query, command)
        monkeypatch.setattr("sys.argv", shlex.split(typed))
        main()
        assert shape(capsys.readouterr().out) == shape(output)
