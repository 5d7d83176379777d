from pathlib import Path

import pytest
import yaml

from reid_lightning.results.groups import SeedRun, seed_groups, settings_digest
from tests.run_folders import MakeRun

CONFIG = {
    "seed": 0,
    "resume": None,
    "loss": {"margin": 0.3},
    "data": {"seed": "${seed}"},
    "callbacks": {"best": {"dirpath": "${hydra:runtime.output_dir}/checkpoints"}},
    "logger": {"save_dir": "${hydra:runtime.output_dir}"},
}


def names(groups: list[list[SeedRun]]) -> list[list[tuple[str, int | None]]]:
    return [[(run.folder.name, run.seed) for run in group] for group in groups]


def test_runs_that_differ_by_their_seed_alone_are_one_group(make_run: MakeRun) -> None:
    runs = [
        make_run(f"{name}{seed}", [], config=CONFIG | {"seed": seed, "loss": {"margin": margin}})
        for seed in (2, 0)
        for name, margin in (("a", 0.3), ("b", 0.1))
    ]
    assert names(seed_groups(runs)) == [[("a2", 2), ("a0", 0)], [("b2", 2), ("b0", 0)]]


@pytest.mark.parametrize(
    ("change", "together"),
    [
        ({"resume": "${hydra:runtime.output_dir}"}, True),
        ({"logger": {"name": "second"}}, True),
        ({"callbacks": CONFIG["callbacks"] | {"wandb": {"queries": 4}}}, True),
        ({"callbacks": CONFIG["callbacks"] | {"ema": {"decay": 0.998}}}, False),
        ({"data": {"seed": 3}}, False),
        ({"mine": 1}, False),
    ],
)
def test_what_changes_no_weight_separates_no_runs(
    change: dict, together: bool, make_run: MakeRun
) -> None:
    runs = [make_run("a", [], config=CONFIG), make_run("b", [], config=CONFIG | {"seed": 1})]
    (runs[1] / ".hydra" / "config.yaml").write_text(yaml.dump(CONFIG | {"seed": 1} | change))
    assert (len(seed_groups(runs)) == 1) is together


def test_a_seed_counts_once_in_a_group(make_run: MakeRun) -> None:
    runs = [
        make_run(name, [], config=CONFIG | {"seed": seed})
        for name, seed in zip("abc", (0, 0, 1), strict=True)
    ]
    assert names(seed_groups(runs)) == [[("a", 0), ("c", 1)], [("b", 0)]]


@pytest.mark.parametrize("content", [None, "[1, 2", "- 1", "loss: {}", "seed: one", "{1: a, b: c}"])
def test_a_run_whose_settings_are_not_known_stands_alone(
    content: str | None, make_run: MakeRun
) -> None:
    runs = [make_run(name, []) for name in "abc"]
    for run in runs[:2]:
        path = run / ".hydra" / "config.yaml"
        path.unlink() if content is None else path.write_text(content)
    assert names(seed_groups(runs)) == [[("a", None)], [("b", None)], [("c", 0)]]


EVALUATED = {"checkpoint": "a.ckpt", "seed": 0, "retrieval": {}}


def evaluation(make_run: MakeRun, name: str, config: dict | None = None, **results: object) -> Path:
    checkpoint = {"checkpoint": f"outputs/{name}/checkpoints/best.ckpt"}
    return make_run(name, [], config=EVALUATED | checkpoint | (config or {}), **results)


def test_evaluations_are_grouped_by_the_seeds_of_their_checkpoints(make_run: MakeRun) -> None:
    runs = [
        evaluation(make_run, "a", trained_seed=0, trained_settings="x"),
        evaluation(make_run, "b", trained_seed=1, trained_settings="x"),
        evaluation(make_run, "other training", trained_seed=2, trained_settings="y"),
        evaluation(make_run, "other steps", {"retrieval": {"flip": True}}, trained_settings="x"),
        evaluation(make_run, "of before"),
        evaluation(make_run, "of before, too"),
    ]
    groups = seed_groups(runs)
    assert names(groups)[0] == [("a", 0), ("b", 1)] and [len(group) for group in groups[1:]] == [
        *(1, 1, 1, 1)
    ]


def test_an_evaluation_is_in_no_group_with_its_training(make_run: MakeRun) -> None:
    training = make_run("run", [], config=CONFIG)
    evaluated = evaluation(make_run, "e", trained_seed=1, trained_settings=settings_digest(CONFIG))
    assert len(seed_groups([training, evaluated])) == 2


def test_the_digest_is_that_of_the_settings_and_not_of_their_order() -> None:
    digest = settings_digest(CONFIG)
    assert digest == settings_digest(dict(reversed(CONFIG.items())) | {"seed": 7})
    assert digest != settings_digest(CONFIG | {"loss": {"margin": "0.3"}})
    assert len(digest) == 32
