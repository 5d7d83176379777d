"""The state of a run, as its status.json says."""

import json
import os
from pathlib import Path

import pytest

from reid_lightning.errors import ReIDError
from reid_lightning.results.status import (
    STATUS_FILE,
    claim,
    read_status,
    read_status_file,
    write_status,
)


def test_what_is_written_is_read_and_values_stay_until_they_change(tmp_path: Path) -> None:
    assert read_status(tmp_path) == "unfinished" and read_status_file(tmp_path) == {}
    write_status(tmp_path, "running", epochs=2, steps=14)
    assert read_status(tmp_path) == "unfinished"
    status = read_status_file(tmp_path)
    assert (status["epochs"], status["steps"], status["process"]) == (2, 14, os.getpid())
    write_status(tmp_path, "failed", message="The disk is full.")
    assert read_status(tmp_path) == "failed: The disk is full."
    assert read_status_file(tmp_path)["epochs"] == 2
    write_status(tmp_path, "running")
    assert "message" not in read_status_file(tmp_path), "an error that is past"
    write_status(tmp_path, "stopped")
    assert read_status(tmp_path) == "unfinished"
    write_status(tmp_path, "finished")
    assert read_status(tmp_path) == "finished"
    assert [path.name for path in tmp_path.iterdir()] == [STATUS_FILE]


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    assert claim(tmp_path, job="a") and not claim(tmp_path, job="b")
    assert read_status_file(tmp_path)["job"] == "a"


@pytest.mark.parametrize("content", ["", "no json", "[]", "null", '{"state": "well"}'])
def test_a_broken_file_is_no_status(content: str, tmp_path: Path) -> None:
    (tmp_path / STATUS_FILE).write_text(content)
    assert read_status_file(tmp_path) == {}
    with pytest.raises(ReIDError, match=r"status\.json is damaged"):
        read_status(tmp_path)


def test_a_run_of_version_0_1_is_finished_if_it_has_results(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"test/mAP": 0.5}))
    assert read_status(tmp_path) == "finished"
