from pathlib import Path

import pytest

from reid_lightning.errors import ReIDError
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun


def test_jobs_of_a_sweep_are_in_order_and_named_by_what_they_differ_in(
    make_run: MakeRun, tmp_path: Path
) -> None:
    for number in (0, 2, 10):
        make_run(f"sweep/{number}", ["data=mine", f"loss.margin={number}"])
    runs = read_runs([tmp_path / "sweep"])
    assert [run.name for run in runs] == ["margin=0", "margin=2", "margin=10"]
    assert [run.folder.name for run in runs] == ["0", "2", "10"]


def test_names_that_are_words_leave_out_the_key(make_run: MakeRun) -> None:
    folders = [make_run(loss, [f"loss={loss}"]) for loss in ("hard", "softmax")]
    assert [run.name for run in read_runs(folders)] == ["hard", "softmax"]


def test_names_have_keys_if_several_differ_and_the_last_part_of_paths(
    make_run: MakeRun,
) -> None:
    one = make_run("a", ["loss=hard", "checkpoint='/far/away/best.ckpt'"])
    two = make_run("b", ["loss=softmax", "seed=1"])
    names = [run.name for run in read_runs([two, one, two])]
    assert names == ["loss=softmax", "loss=hard, checkpoint=best.ckpt"]


def test_runs_with_equal_overrides_have_the_names_of_their_folders(
    make_run: MakeRun,
) -> None:
    folders = [make_run(name, ["loss=hard"]) for name in ("a", "b")]
    assert [run.name for run in read_runs(folders)] == ["a", "b"]
    assert [run.name for run in read_runs(folders[:1])] == ["a"]
    jobs = [make_run(f"{sweep}/0", ["loss=hard"]) for sweep in ("c", "d")]
    assert [run.name for run in read_runs(jobs)] == ["c/0", "d/0"]


def test_the_files_of_a_run_are_read(make_run: MakeRun) -> None:
    (run,) = read_runs([make_run("a", [], config={"loss": {"margin": 0.3}, "seed": 1})])
    assert run.config == {"loss/margin": 0.3, "seed": 1} and run.status == "finished"
    assert run.curve("val/mAP") == [(1, 0.2), (2, 0.3)] and run.curve("train/active") == []
    assert run.first_match is not None and run.first_match.tolist() == [1, 0]
    assert run.findings is not None and len(run.findings.positive) == 50


def test_an_unfinished_run_has_curves_and_a_status(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=1"], score=None), make_run("b", ["x=2"], failure="no disk")]
    unfinished, failed = read_runs(folders)
    assert unfinished.status == "unfinished" and unfinished.curve("train/loss")
    assert failed.status == "failed: no disk"
    assert not failed.results, "scores in the folder are of an earlier job"
    assert failed.findings is failed.first_match is unfinished.findings is None


def test_a_folder_that_cannot_be_read_is_reported(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="There is no run in"):
        read_runs([tmp_path / "nothing"])
    run = make_run("a", [])
    (run / "metrics.json").write_text("{")
    (problem,) = read_runs([run])[0].problems
    assert problem.startswith(f"{run / 'metrics.json'} is damaged, or cannot be read")


def test_what_a_sets_recipe_decides_is_shown_as_decided(make_run: MakeRun) -> None:
    lr = {"lr": "${oc.select:recipe.lr,3.5e-4}"}
    folders = [
        make_run("a", ["x=one"], config={"optimizer": lr, "recipe": {"lr": 0.003}}),
        make_run("b", ["x=two"], config={"optimizer": lr}),
    ]
    assert [run.config["optimizer/lr"] for run in read_runs(folders)] == [0.003, "3.5e-4"]
