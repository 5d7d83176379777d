from pathlib import Path

import pytest

from reid_lightning.errors import ReIDError
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun


def test_a_sweeps_jobs_come_in_their_order_named_by_what_they_differ_in(
    make_run: MakeRun, tmp_path: Path
) -> None:
    for number in (0, 2, 10):
        make_run(f"sweep/{number}", ["data=mine", f"loss.margin={number}"])
    runs = read_runs([tmp_path / "sweep"])
    assert [run.name for run in runs] == ["loss.margin=0", "loss.margin=2", "loss.margin=10"]
    assert [run.folder.name for run in runs] == ["0", "2", "10"]


def test_words_say_enough_without_their_key(make_run: MakeRun) -> None:
    folders = [make_run(loss, [f"loss={loss}"]) for loss in ("hard", "softmax")]
    assert [run.name for run in read_runs(folders)] == ["hard", "softmax"]


def test_runs_of_several_folders_are_named_by_keys_and_paths_by_their_ends(
    make_run: MakeRun,
) -> None:
    one = make_run("a", ["loss=hard", "checkpoint='/far/away/best.ckpt'"])
    two = make_run("b", ["loss=softmax", "seed=1"])
    names = [run.name for run in read_runs([two, one, two])]
    assert names == ["loss=softmax, seed=1", "loss=hard, checkpoint=best.ckpt"]


def test_runs_that_their_overrides_do_not_tell_apart_have_their_folders_names(
    make_run: MakeRun,
) -> None:
    folders = [make_run(name, ["loss=hard"]) for name in ("a", "b")]
    assert [run.name for run in read_runs(folders)] == ["a", "b"]
    assert [run.name for run in read_runs(folders[:1])] == ["a"]
    jobs = [make_run(f"{sweep}/0", ["loss=hard"]) for sweep in ("c", "d")]
    assert [run.name for run in read_runs(jobs)] == ["c/0", "d/0"]


def test_what_a_run_left_is_read(make_run: MakeRun) -> None:
    (run,) = read_runs([make_run("a", [], config={"loss": {"margin": 0.3}, "seed": 1})])
    assert run.config == {"loss/margin": 0.3, "seed": 1} and run.status == "finished"
    assert run.curve("val/mAP") == [(1, 0.2), (2, 0.3)] and run.curve("train/active") == []
    assert run.first_match is not None and run.first_match.tolist() == [1, 0]
    assert run.findings is not None and len(run.findings.positive) == 50


def test_a_run_that_has_not_ended_has_curves_and_a_status(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=1"], score=None), make_run("b", ["x=2"], log="Error: no disk\n")]
    unfinished, failed = read_runs(folders)
    assert unfinished.status == "unfinished" and unfinished.curve("train/loss")
    assert failed.status == "failed: no disk"
    assert not failed.results, "scores that are there are of an earlier job"
    assert failed.findings is failed.first_match is unfinished.findings is None


def test_what_cannot_be_read_is_told(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="There is no run in"):
        read_runs([tmp_path / "nothing"])
    run = make_run("a", [])
    (run / "metrics.json").write_text("{")
    with pytest.raises(ReIDError, match="a cannot be read"):
        read_runs([run])
