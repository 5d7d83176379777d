from pathlib import Path

import pytest

from reid_lightning.results.job_status import read_status
from reid_lightning.results.log_lines import (
    ERROR,
    FINISHED,
    OTHER_PROCESS_FAILED,
    RESULTS,
    RESUMED,
)
from reid_lightning.results.sweep_summary import sweep_rows
from tests.run_folders import write_job

RESUMED_LINE = RESUMED % ("x", 40, 2.5)
FINISHED_LINE = FINISHED % ("x", 3)
RESULTS_LINE = RESULTS % "x"
SCORES = {"val/mAP": 0.2, "test/mAP": 0.2}


def log_of(*lines: str) -> str:
    return "".join(f"[{number}] {line}\n" for number, line in enumerate(lines, start=1))


def test_only_errors_since_the_job_was_last_resumed_or_scored_count(tmp_path: Path) -> None:
    """The scores of a job that then refused to be resumed are another configuration's."""
    no_disk, changed = ERROR % "no disk", ERROR % "trained otherwise"
    write_job(tmp_path / "0", ["a=0"], SCORES, log_of(no_disk, RESUMED_LINE, RESULTS_LINE))
    write_job(tmp_path / "1", ["a=1"], SCORES, log_of(RESULTS_LINE, changed))
    write_job(tmp_path / "2", ["a=2"], None, log_of(no_disk, RESUMED_LINE))
    rows = {row["folder"]: row for row in sweep_rows(tmp_path)}
    statuses = ["finished", "failed: trained otherwise", "unfinished"]
    assert [rows[folder]["status"] for folder in "012"] == statuses
    assert rows["0"]["val/mAP"] == 0.2 and rows["1"]["val/mAP"] is None


def test_a_job_that_was_resumed_to_train_for_longer_has_no_score(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["a=0"], {"val/mAP": 0.2}, log_of(RESULTS_LINE, RESUMED_LINE))
    (row,) = sweep_rows(tmp_path)
    assert row["status"] == "unfinished" and row["val/mAP"] is None


def test_a_finished_job_that_is_resumed_stays_finished(tmp_path: Path) -> None:
    log = log_of(RESULTS_LINE, ERROR % "interrupted", f"{FINISHED_LINE} Add more epochs.")
    write_job(tmp_path / "0", ["a=0"], SCORES, log)
    assert read_status(tmp_path / "0") == "finished"


def test_a_traceback_and_another_process_do_not_hide_the_cause(tmp_path: Path) -> None:
    other = OTHER_PROCESS_FAILED % 1
    logs = {
        f"{log_of(ERROR % 'ValueError: bug')}Traceback\nValueError: bug\n": "ValueError: bug",
        log_of(ERROR % "broken picture", ERROR % other): "broken picture",
        log_of(ERROR % other): other,
    }
    for number, log in enumerate(logs):
        write_job(tmp_path / str(number), [f"a={number}"], None, log)
    statuses = [row["status"] for row in sweep_rows(tmp_path)]
    assert statuses == [f"failed: {error}" for error in logs.values()]


@pytest.mark.parametrize("folder", ["a (1)+[b].*", "The run in x is finished"])
def test_a_folder_may_have_any_name(folder: str, tmp_path: Path) -> None:
    log = log_of(RESULTS % folder, RESUMED % (folder, 40, 2.5), ERROR % folder)
    write_job(tmp_path / "0", [], SCORES, log)
    assert read_status(tmp_path / "0") == f"failed: {folder}"
