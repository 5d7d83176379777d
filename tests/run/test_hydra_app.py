"""Options and overrides in any order, and files of the user's own."""

from pathlib import Path

import pytest

from reid_lightning.errors import ReIDError
from reid_lightning.run.config_files import CONF, check_own_files
from reid_lightning.run.hydra_app import TypedArguments


def test_options_may_stand_anywhere(tmp_path: Path) -> None:
    words = ["a=1", "--config-dir", str(tmp_path), "b=2", "-m", "c=3", "--cfg=job", "~d"]
    typed = TypedArguments.parse(words)
    assert typed.options == ["--config-dir", str(tmp_path), "-m", "--cfg=job"]
    assert typed.overrides == ["a=1", "b=2", "c=3", "~d"] and typed.own_configs == tmp_path
    assert TypedArguments.parse(["a=1"]) == TypedArguments([], ["a=1"], None)


def test_a_file_of_the_users_never_loses_to_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "mine.yaml").touch()
    check_own_files(tmp_path)
    check_own_files(CONF)
    check_own_files(None)
    (tmp_path / "loss" / "hard.yaml").touch()
    with pytest.raises(ReIDError, match=r"loss/hard\.yaml has the name of one of reid-lightning's"):
        check_own_files(tmp_path)


def test_a_yaml_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xd8\xff")
    (tmp_path / ".#mine.yaml").symlink_to("an editor's lock")
    with pytest.raises(ReIDError, match=r"/mine\.yaml is no text in UTF-8 \(invalid start byte\)"):
        check_own_files(tmp_path)
