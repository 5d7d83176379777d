"""What a sweep says of its jobs, in one process."""

import logging
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from reid_lightning.results.status import write_status
from reid_lightning.run import sweep_log
from reid_lightning.run.sweep_log import RESULT, _duration, _NewLines, _seconds_left, count_jobs

BASIC = {"_target_": "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"}
CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("overrides", "params", "count"),
    [
        (["loss=hard"], None, 1),
        (["loss=hard,semihard", "seed=0,1,2", "data=synthetic"], None, 6),
        (["loss.margin=choice(0.1,0.2)", "seed=range(0,4)"], {}, 8),
        (["seed=0,1"], {"loss": "hard,softmax,triplet", "seed": "0,1,2"}, 6),
        (["seed=5"], {"seed": "0,1,2"}, 1),
        (["loss=glob(*)"], None, None),
        (["loss.margin=interval(0,1)"], None, None),
    ],
)
def test_the_jobs_of_a_grid_are_counted(
    overrides: list[str], params: dict[str, str] | None, count: int | None
) -> None:
    assert count_jobs({**BASIC, "params": params}, overrides) == count


def test_the_count_is_that_of_hydra(tmp_path: Path) -> None:
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser

    overrides = ["loss=hard,semihard", "loss.margin=0.1,0.3", "+x=[1,2],[3]", "seed=range(3)"]
    (jobs,) = BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides(overrides), None
    )
    assert count_jobs(BASIC, overrides) == len(jobs) == 24


def test_trials_are_counted_and_other_sweepers_are_not() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = compose("train", ["sweep=optuna"], return_hydra_config=True).hydra
    assert count_jobs(hydra.sweeper, ["seed=0"]) == 20
    assert count_jobs({"_target_": "another.Sweeper"}, ["seed=0,1"]) is None


def test_the_time_left_is_that_of_ended_jobs(tmp_path: Path) -> None:
    def job(number: int, **values: float) -> None:
        (tmp_path / str(number)).mkdir()
        write_status(tmp_path / str(number), "finished", **values)

    write_status(tmp_path, "running", jobs=5)
    assert _seconds_left(tmp_path, 1, 5) is None, "before one has ended"
    job(0, seconds=10.0)
    job(1)  # failed
    assert _seconds_left(tmp_path, 3, 5) == 30
    job(4, seconds=30.0)  # before the sweep was resumed
    assert _seconds_left(tmp_path, 2, 5) == 3 * 20


def test_durations_are_rounded() -> None:
    given = (0.2, 89, 100, 40 * 60, 5390, 5401, 47 * 3600, 50 * 3600)
    expected = "1 s,89 s,2 min,40 min,90 min,2 h,47 h,2 days"
    assert ",".join(map(_duration, given)) == expected


def test_what_an_earlier_job_has_said_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweep_log, "_said", set())
    run, engine = (logging.getLogger(f"reid_lightning.{n}.x") for n in ("run", "engine"))
    for job in range(2):
        console = logging.StreamHandler(sys.stdout)
        console.addFilter(_NewLines())
        monkeypatch.setattr(logging.root, "handlers", [console])
        run.warning("shared")
        run.warning("shared")
        run.warning("of job %d", job)
        run.warning("score", extra=RESULT)
        run.error("wrong")
        engine.warning("epoch")
    own = ["score", "wrong", "epoch"]
    lines = capsys.readouterr().out.split("\n")[:-1]
    assert lines == ["shared", "shared", "of job 0", *own, "of job 1", *own]
