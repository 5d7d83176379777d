import csv
import json
from pathlib import Path

from reid_lightning.results.sweep_summary import sweep_rows, sweep_table, swept_keys, write_summary


def job(folder: Path, overrides: list[str], told: dict | None, log: str = "") -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {o}\n" for o in overrides))
    (folder / "train.log").write_text(log)
    if told is not None:
        (folder / "metrics.json").write_text(json.dumps(told))


def sweep(folder: Path) -> Path:
    same = ["data=synthetic", "trainer.max_epochs=2"]
    job(folder / "0", [*same, "loss.margin=0.1"], {"val/mAP": 0.2, "test/mAP": 0.9})
    job(folder / "1", [*same, "loss.margin=0.3"], {"val/mAP": 0.4, "test/mAP": 0.1})
    job(folder / "2", [*same, "loss.margin=x"], None, "epoch 1\nError: loss.margin=x must be\n")
    job(folder / "3", [*same, "loss.margin=0.5"], None, "epoch 1\n")
    return folder


def test_the_best_job_comes_first_and_failures_are_told(tmp_path: Path) -> None:
    rows = sweep_rows(sweep(tmp_path))
    assert [row["loss.margin"] for row in rows] == ["0.3", "0.1", "x", "0.5"]
    assert [row["status"] for row in rows] == [
        *("finished", "finished", "failed: loss.margin=x must be", "unfinished")
    ]
    assert "data" not in rows[0], "what all jobs share says nothing of any"
    assert [row["folder"] for row in rows] == ["1", "0", "2", "3"]


def test_the_file_holds_the_figures_and_the_table_shows_them(tmp_path: Path) -> None:
    rows = write_summary(sweep(tmp_path))
    with (tmp_path / "summary.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["val/mAP"] for row in read] == ["0.4", "0.2", "", ""]
    table = sweep_table(rows)
    assert "40.0%" in table and "rank1" not in table, "scores that no job has are left out"


def test_scores_of_evaluations_are_sorted_by_their_map(tmp_path: Path) -> None:
    job(tmp_path / "0", ["data=a"], {"test/mAP": 0.2})
    job(tmp_path / "1", ["data=b"], {"test/mAP": 0.3})
    assert [row["data"] for row in sweep_rows(tmp_path)] == ["b", "a"]


def test_a_folder_without_jobs_has_no_table(tmp_path: Path) -> None:
    assert write_summary(tmp_path) == [] and not (tmp_path / "summary.csv").exists()


def test_only_errors_since_the_job_last_went_on_or_ended_count(tmp_path: Path) -> None:
    """The scores of a job that then refused to go on are another configuration's."""
    scores = {"val/mAP": 0.2, "test/mAP": 0.2}
    log = "[1] Error: no disk\n[2] Going on with the run in x\n[3] Results: x\n"
    job(tmp_path / "0", ["a=0"], scores, log)
    job(tmp_path / "1", ["a=1"], scores, "[1] Results: x\n[2] Error: trained otherwise\n")
    job(tmp_path / "2", ["a=2"], None, "[1] Error: no disk\n[2] Going on with the run in x\n")
    rows = {row["folder"]: row for row in sweep_rows(tmp_path)}
    told = ["finished", "failed: trained otherwise", "unfinished"]
    assert [rows[folder]["status"] for folder in "012"] == told
    assert rows["0"]["val/mAP"] == 0.2 and rows["1"]["val/mAP"] is None


def test_scores_of_a_job_that_goes_on_for_longer_are_of_its_earlier_end(tmp_path: Path) -> None:
    log = "[1] Results: x\n[2] Going on with the run in x\n"
    job(tmp_path / "0", ["a=0"], {"val/mAP": 0.2}, log)
    (row,) = sweep_rows(tmp_path)
    assert row["status"] == "unfinished" and row["val/mAP"] is None


def test_a_score_of_nothing_is_a_score(tmp_path: Path) -> None:
    job(tmp_path / "0", ["a=0"], {"val/mAP": 0.0, "test/mAP": 0.9})
    job(tmp_path / "1", ["a=1"], {"val/mAP": 0.1, "test/mAP": 0.2})
    assert [row["a"] for row in sweep_rows(tmp_path)] == ["1", "0"]


def test_a_traceback_and_another_process_do_not_hide_the_cause(tmp_path: Path) -> None:
    job(tmp_path / "0", ["a=0"], None, "[1] Error: ValueError: bug\nTraceback\nValueError: bug\n")
    other = "Process 1 ended with an error, told above."
    job(tmp_path / "1", ["a=1"], None, f"[1] Error: broken picture\n[2] Error: {other}\n")
    job(tmp_path / "2", ["a=2"], None, f"[2] Error: {other}\n")
    told = ["failed: ValueError: bug", "failed: broken picture", f"failed: {other}"]
    assert [row["status"] for row in sweep_rows(tmp_path)] == told


def test_that_some_jobs_were_resumed_is_not_what_they_differ_in(tmp_path: Path) -> None:
    job(tmp_path / "0", ["seed=0", "resume='${hydra:runtime.output_dir}'"], {"test/mAP": 0.2})
    job(tmp_path / "1", ["seed=1"], None)
    assert swept_keys(sweep_rows(tmp_path)) == ["seed"]
