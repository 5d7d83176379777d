import csv
from pathlib import Path

from reid_lightning.results.sweep_summary import sweep_rows, sweep_table, swept_keys, write_summary
from tests.run_folders import write_job

COST = {"parameters": 2_170_532, "gmacs": 0.97926, "embedding_size": 512, "images_per_second": 35.2}


def sweep(folder: Path) -> Path:
    same = ["data=synthetic", "trainer.max_epochs=2"]
    write_job(folder / "0", [*same, "loss.margin=0.1"], {"val/mAP": 0.2, "test/mAP": 0.9})
    write_job(folder / "1", [*same, "loss.margin=0.3"], {"val/mAP": 0.4, "test/mAP": 0.1})
    write_job(folder / "2", [*same, "loss.margin=x"], None, "loss.margin=x must be")
    write_job(folder / "3", [*same, "loss.margin=0.5"], None)
    return folder


def test_the_best_job_comes_first_and_failures_have_their_error(tmp_path: Path) -> None:
    rows = sweep_rows(sweep(tmp_path))
    assert [row["loss.margin"] for row in rows] == ["0.3", "0.1", "x", "0.5"]
    assert [row["status"] for row in rows] == [
        *("finished", "finished", "failed: loss.margin=x must be", "unfinished")
    ]
    assert "data" not in rows[0], "an override that all jobs share is no column"
    assert [row["folder"] for row in rows] == ["1", "0", "2", "3"]


def test_the_file_holds_fractions_and_the_table_shows_per_cent(tmp_path: Path) -> None:
    rows = write_summary(sweep(tmp_path))
    with (tmp_path / "summary.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["val/mAP"] for row in read] == ["0.4", "0.2", "", ""]
    table = sweep_table(rows)
    assert "40.0%" in table and "rank1" not in table, "scores that no job has are left out"
    assert "failed " in table and "must be" not in table, "a row is a line"
    same = [row | {"validated_on": row["val/mAP"] and "official"} for row in rows]
    assert "validated_on" not in sweep_table(same), "what all jobs share is left out"
    assert "validated_on" in sweep_table([*same, rows[0] | {"validated_on": "held-out"}])


def test_evaluations_are_sorted_by_test_map(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["data=a"], {"test/mAP": 0.2})
    write_job(tmp_path / "1", ["data=b"], {"test/mAP": 0.3})
    assert [row["data"] for row in sweep_rows(tmp_path)] == ["b", "a"]


def test_a_folder_without_jobs_has_no_summary(tmp_path: Path) -> None:
    assert write_summary(tmp_path) == [] and not (tmp_path / "summary.csv").exists()


def test_jobs_with_a_score_of_zero_are_sorted_by_it(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["a=0"], {"val/mAP": 0.0, "test/mAP": 0.9})
    write_job(tmp_path / "1", ["a=1"], {"val/mAP": 0.1, "test/mAP": 0.2})
    assert [row["a"] for row in sweep_rows(tmp_path)] == ["1", "0"]


def test_resumed_jobs_do_not_differ_in_resume(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["seed=0", "resume='${hydra:runtime.output_dir}'"], {"test/mAP": 0.2})
    write_job(tmp_path / "1", ["seed=1"], None)
    assert swept_keys(sweep_rows(tmp_path)) == ["seed"]


def test_scores_of_ones_own_are_columns_too(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["a=0"], {"test/mAP": 0.2, "test/rank20": 0.875, "test/queries": 7})
    write_job(tmp_path / "1", ["a=1"], {"test/mAP": 0.1})
    rows = write_summary(tmp_path)
    assert swept_keys(rows) == ["a"] and "test/queries" not in rows[0]
    assert "87.5%" in sweep_table(rows) and rows[1]["test/rank20"] is None


def test_what_networks_cost_stands_beside_their_scores(tmp_path: Path) -> None:
    write_job(tmp_path / "0", ["model=osnet"], {"test/mAP": 0.2, **COST})
    light = {"parameters": 2_226_432, "gmacs": None, "embedding_size": 512}
    write_job(tmp_path / "1", ["model=mobilenet_v2"], {"test/mAP": 0.1, **light})
    write_job(tmp_path / "2", ["model=resnet50"], None)
    rows = write_summary(tmp_path)
    assert swept_keys(rows) == ["model"]
    assert "gmacs" not in rows[0], "only one is known"
    assert "embedding_size" not in rows[0], "they do not differ in it"
    with (tmp_path / "summary.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["parameters"] for row in read] == ["2170532", "2226432", ""]
    assert [row["images_per_second"] for row in read] == ["35.2", "", ""]
    head, _, best, *_ = sweep_table(rows).splitlines()
    assert head.split()[:4] == ["model", "mAP", "parameters", "images/s"]
    assert best.split()[:4] == ["osnet", "20.0%", "2,170,532", "35.2"]


def test_equal_costs_are_no_columns(tmp_path: Path) -> None:
    for job, speed in enumerate((35.2, 31.4)):
        results = {"test/mAP": 0.2, **COST, "images_per_second": speed}
        write_job(tmp_path / str(job), [f"seed={job}"], results)
    write_job(tmp_path / "2", ["seed=2"], {"test/mAP": 0.2})  # of an earlier version
    assert not COST.keys() & write_summary(tmp_path)[0].keys()
