from pathlib import Path

from reid_lightning.report.rows import rows_of
from reid_lightning.report.settings import compare_settings
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun


def lines(folders: list[Path]) -> list[list[str]]:
    table = compare_settings(rows_of(read_runs(folders)))
    return [[cell.text for cell in row] for row in table.rows]


def test_settings_that_differ_are_listed_and_only_they(make_run: MakeRun) -> None:
    configs = [
        {"loss": {"margin": 0.3, "mining": "hard", "_target_": "a"}, "seed": 0},
        {"loss": {"margin": 0.3, "distance": "cosine", "_target_": "b"}, "seed": 1},
    ]
    one, two = (make_run(n, [f"x={n}"], config=c) for n, c in zip("ab", configs, strict=True))
    assert lines([one, two]) == [["loss/mining", "hard", "–"], ["loss/distance", "–", "cosine"]]


def test_the_settings_of_one_run_are_all_that_says_something(make_run: MakeRun) -> None:
    config = {"loss": {"margin": 0.3, "_target_": "x"}, "dir": "${oc.env:HOME}", "a": None, "s": 0}
    assert lines([make_run("a", [], config=config)]) == [["loss/margin", "0.3"], ["s", "0"]]


def test_of_many_rows_each_value_is_listed_with_the_rows_that_have_it(make_run: MakeRun) -> None:
    def folders(name: str, **more: int) -> list[Path]:
        configs = [
            {"x": n, "even": n % 2 == 0} | {k: n * v for k, v in more.items()} for n in range(6)
        ]
        return [make_run(f"{name}{c['x']}", [f"x={c['x']}"], config=c) for c in configs]

    assert lines(folders("few"))[5] == ["x=5", "False", "5"], "a column per setting"
    listed = lines(folders("many", a=1, b=2, c=3))
    assert ["even", "True", "x=0; x=2; x=4"] in listed and ["x", "5", "x=5"] in listed
    assert {len(row) for row in listed} == {3}


def test_a_training_and_an_evaluation_differ_in_what_both_have(make_run: MakeRun) -> None:
    training = make_run("a", ["x=1"], config={"loss": {"margin": 1}, "data": {"name": "m"}})
    config = {"checkpoint": "best.ckpt", "data": {"name": "n"}, "findings": {"queries": 6}}
    evaluation = make_run("b", ["x=2"], config=config)
    assert lines([training, evaluation]) == [["data/name", "m", "n"]]
