from pathlib import Path

from reid_lightning.results.run_card import flat_config, run_card


def hydra_files(folder: Path, mode: str, overrides: list[str], subdir: str = "0") -> Path:
    """Write the file in which Hydra records how a run was started."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "hydra.yaml").write_text(
        f"hydra: {{mode: {mode}, job: {{num: 0}}, sweep: {{subdir: '{subdir}'}}, "
        "sweeper: {params: {loss.normalize: true, loss.margin: '0.1,0.3'}}, "
        f"overrides: {{task: {overrides}}}, "
        "runtime: {choices: {loss: hard, logger: wandb, hydra/launcher: basic}}}"
    )
    return folder


def test_a_single_run_has_the_name_of_its_folder(tmp_path: Path) -> None:
    card = run_card(
        hydra_files(tmp_path / "mine", "RUN", ["loss=hard", "logger=wandb", "logger.mode=auto"])
    )
    assert (card.name, card.group, card.tags) == ("mine", None, ["loss=hard"])
    assert card.choices == {"loss": "hard"}


def test_the_name_of_a_job_is_what_its_sweep_changes(tmp_path: Path) -> None:
    common = "hydra: {overrides: {task: ['loss=hard,semihard', 'seed=0,1', 'data.p=4']}}"
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").write_text(common)
    overrides = ["data.p=4", "loss=hard", "seed=1"]
    folder = tmp_path / "sweep" / "a" / "0"
    card = run_card(hydra_files(folder, "MULTIRUN", overrides, "a/${hydra.job.num}"))
    assert (card.name, card.tags) == ("loss=hard, seed=1", overrides)
    assert card.group == "sweep: loss=hard", "the same for every seed"


def test_a_sweep_of_seeds_alone_is_one_group(tmp_path: Path) -> None:
    assert run_card(hydra_files(tmp_path / "sweep" / "0", "MULTIRUN", ["seed=1"])).group == "sweep"


def test_single_runs_are_grouped_by_their_settings_without_the_seed(tmp_path: Path) -> None:
    def group(name: str, seed: int, margin: float) -> str | None:
        typed = [f"loss.margin={margin}", f"seed={seed}", "logger=wandb"]
        folder = hydra_files(tmp_path / name, "RUN", typed)
        config = f"seed: {seed}\nloss: {{margin: {margin}}}\n"
        (folder / ".hydra" / "config.yaml").write_text(config)
        return run_card(folder).group

    first, second, other = group("a", 0, 0.3), group("b", 1, 0.3), group("c", 0, 0.1)
    assert first == second and str(first).startswith("loss.margin=0.3 ")
    assert other not in (None, first)


def test_without_multirun_yaml_the_name_of_a_job_is_all_its_overrides(tmp_path: Path) -> None:
    card = run_card(
        hydra_files(tmp_path / "sweep" / "0", "MULTIRUN", ["data.p=4", "loss.margin=0.3"])
    )
    assert (card.name, card.group) == ("data.p=4, loss.margin=0.3", "sweep")


def test_a_value_that_the_sweep_file_gives_to_all_jobs_is_in_no_name(tmp_path: Path) -> None:
    overrides = ["loss.normalize=True", "loss.margin=0.3"]
    assert (
        run_card(hydra_files(tmp_path / "sweep" / "0", "MULTIRUN", overrides)).name
        == "loss.margin=0.3"
    )


def test_a_job_without_overrides_has_the_name_of_its_folder(tmp_path: Path) -> None:
    assert run_card(hydra_files(tmp_path / "sweep" / "0", "MULTIRUN", [])).name == "0"


def test_a_folder_without_hydras_files_has_its_own_name(tmp_path: Path) -> None:
    assert run_card(tmp_path) == (tmp_path.name, None, [], {})


def test_tags_hide_the_folders_of_paths(tmp_path: Path) -> None:
    overrides = ["model.weights='~/secret place/w.pth'", "data.root=~/sets/market", "a=b/c"]
    card = run_card(hydra_files(tmp_path / "run", "RUN", overrides))
    assert card.tags == ["model.weights=w.pth", "data.root=market", "a=b/c"]


def test_a_jobs_folder_may_be_named_by_its_overrides(tmp_path: Path) -> None:
    folder = tmp_path / "sweep" / "a=x" / "y"
    hydra_files(folder, "MULTIRUN", ["a=x/y"], "${hydra.job.override_dirname}")
    path = folder / ".hydra" / "hydra.yaml"
    path.write_text(path.read_text().replace("num: 0", "num: 0, override_dirname: a=x/y"))
    assert run_card(folder).group == "sweep"


def test_a_resumed_run_has_the_same_tags(tmp_path: Path) -> None:
    overrides = ["loss=hard", "resume='${hydra:runtime.output_dir}'"]
    assert run_card(hydra_files(tmp_path / "run", "RUN", overrides)).tags == ["loss=hard"]


def test_hyperparameters_are_flat() -> None:
    config = {
        "loss": {"_partial_": True, "margin": 0.3, "metric": {"m": 1, "miner": None}},
        "data": {"root": "/sets/market", "cache": "~/.cache", "p": 4, "expected": {"a": 1}},
        "model": {"weights": "~/w.pth"},
        "scheduler": {"milestones": [0.5, 0.75]},
        "seed": 0,
    }
    assert flat_config(config) == {
        "loss/margin": 0.3,
        "loss/metric/m": 1,
        "loss/metric/miner": None,
        "data/root": "/sets/market",
        "data/p": 4,
        "model/weights": "w.pth",
        "scheduler/milestones": [0.5, 0.75],
        "seed": 0,
    }
