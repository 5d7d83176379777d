"""A sweep with seeds: one row for each setting, in the table and in summary.csv."""

import csv
import statistics
from pathlib import Path

import pytest
import yaml

from reid_lightning.results.sweep_groups import group_table, has_seeds, row_groups
from reid_lightning.results.sweep_summary import swept_keys, write_summary
from tests.run_folders import write_job

VAL = {("a", 0): 0.4, ("a", 1): 0.5, ("a", 2): 0.3, ("b", 0): 0.45, ("b", 1): 0.2}


def write_config(job: Path, **settings: object) -> None:
    (job / ".hydra" / "config.yaml").write_text(yaml.dump(settings))


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Settings a with three seeds, b with two and one that failed, and c with one."""
    for number, ((name, seed), val) in enumerate(VAL.items()):
        results = {"val/mAP": val, "test/mAP": val / 2, "test/rank1": val / 4}
        write_job(tmp_path / str(number), [f"x={name}", f"seed={seed}"], results)
        write_config(tmp_path / str(number), x=name, seed=seed)
    write_job(tmp_path / "5", ["x=b", "seed=2"], None, "no disk")
    write_config(tmp_path / "5", x="b", seed=2)
    write_job(tmp_path / "6", ["x=c", "seed=0"], {"val/mAP": 0.35, "test/mAP": 0.1})
    write_config(tmp_path / "6", x="c", seed=0)
    return tmp_path


def test_settings_are_rows_with_mean_spread_and_count(sweep: Path) -> None:
    rows = write_summary(sweep)
    groups = row_groups(sweep, rows)
    lines = group_table(groups, swept_keys(rows)).splitlines()
    assert [" ".join(line.split()) for line in lines if "--" not in line] == [
        "x val/mAP rank1 mAP seeds folders",
        "a 40.0% ± 10.0 10.0% ± 2.5 20.0% ± 5.0 3 0, 1, 2",
        "c 35.0% 10.0% 1 6",
        "b 32.5% ± 17.7 8.1% ± 4.4 16.2% ± 8.8 2 3, 4, 5",
    ]
    assert max(map(len, lines)) < 80 and has_seeds(groups)
    marked = group_table(groups, swept_keys(rows), best=True).splitlines()
    assert [line[0] for line in marked[2:]] == ["*", " ", " "]


def test_the_file_has_a_line_a_run_and_what_its_group_has(sweep: Path) -> None:
    write_summary(sweep)
    with (sweep / "summary.csv").open() as file:
        read = {row["folder"]: row for row in csv.DictReader(file)}
    assert len(read) == 7 and [read[n]["group"] for n in "0123456"] == list("1113332")
    assert [read[n]["seeds"] for n in "0356"] == ["3", "2", "2", "1"]
    mean, spread = (float(read["2"][f"{kind}/val/mAP"]) for kind in ("mean", "std"))
    of_a = [val for (name, _), val in VAL.items() if name == "a"]
    assert (mean, spread) == pytest.approx((statistics.mean(of_a), statistics.stdev(of_a)))
    assert read["6"]["mean/test/mAP"] == "0.1" and read["6"]["std/test/mAP"] == ""
    assert read["1"]["val/mAP"] == "0.5" and read["5"]["val/mAP"] == ""
    assert not [row for row in read.values() if "±" in "".join(row.values())]


def test_a_sweep_without_seeds_has_the_file_of_before(tmp_path: Path) -> None:
    for number, name in enumerate("ab"):
        write_job(tmp_path / str(number), [f"x={name}"], {"test/mAP": 0.1})
        write_config(tmp_path / str(number), x=name, seed=0)
    rows = write_summary(tmp_path)
    assert not has_seeds(row_groups(tmp_path, rows))
    with (tmp_path / "summary.csv").open() as file:
        assert next(csv.reader(file))[-1] == "folder"


def test_jobs_without_a_configuration_are_rows_of_their_own(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_job(tmp_path / str(seed), [f"seed={seed}"], {"test/mAP": 0.1})
    assert len(row_groups(tmp_path, write_summary(tmp_path))) == 2
