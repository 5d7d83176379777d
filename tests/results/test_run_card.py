from pathlib import Path

from reid_lightning.results.run_card import flat, run_card


def kept(folder: Path, mode: str, overrides: list[str], subdir: str = "0") -> Path:
    """What Hydra leaves of a run."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "hydra.yaml").write_text(
        f"hydra: {{mode: {mode}, job: {{num: 0}}, sweep: {{subdir: '{subdir}'}}, "
        "sweeper: {params: {loss.normalize: true, loss.margin: '0.1,0.3'}}, "
        f"overrides: {{task: {overrides}}}, "
        "runtime: {choices: {loss: hard, logger: wandb, hydra/launcher: basic}}}"
    )
    return folder


def test_a_single_run_is_called_as_its_folder(tmp_path: Path) -> None:
    card = run_card(
        kept(tmp_path / "mine", "RUN", ["loss=hard", "logger=wandb", "logger.mode=auto"])
    )
    assert (card.name, card.group, card.tags) == ("mine", None, ["loss=hard"])
    assert card.choices == {"loss": "hard"}


def test_a_job_is_called_as_what_its_sweep_changes(tmp_path: Path) -> None:
    common = "hydra: {overrides: {task: ['loss=hard,semihard', 'seed=0,1', 'data.p=4']}}"
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").write_text(common)
    overrides = ["data.p=4", "loss=hard", "seed=1"]
    folder = tmp_path / "sweep" / "a" / "0"
    card = run_card(kept(folder, "MULTIRUN", overrides, "a/${hydra.job.num}"))
    assert (card.name, card.group, card.tags) == ("loss=hard, seed=1", "sweep", overrides)


def test_a_sweeper_that_keeps_no_record_names_jobs_by_all_overrides(tmp_path: Path) -> None:
    card = run_card(kept(tmp_path / "sweep" / "0", "MULTIRUN", ["data.p=4", "loss.margin=0.3"]))
    assert (card.name, card.group) == ("data.p=4, loss.margin=0.3", "sweep")


def test_what_a_sweeps_file_gives_to_all_jobs_names_none(tmp_path: Path) -> None:
    overrides = ["loss.normalize=True", "loss.margin=0.3"]
    assert run_card(kept(tmp_path / "sweep" / "0", "MULTIRUN", overrides)).name == "loss.margin=0.3"


def test_a_sweep_of_one_job_that_changes_nothing(tmp_path: Path) -> None:
    assert run_card(kept(tmp_path / "sweep" / "0", "MULTIRUN", [])).name == "0"


def test_a_folder_without_hydras_own(tmp_path: Path) -> None:
    assert run_card(tmp_path) == (tmp_path.name, None, [], {})


def test_paths_of_the_machine_are_not_told(tmp_path: Path) -> None:
    overrides = ["model.weights='~/secret place/w.pth'", "data.root=~/sets/market", "a=b/c"]
    card = run_card(kept(tmp_path / "run", "RUN", overrides))
    assert card.tags == ["model.weights=w.pth", "data.root=market", "a=b/c"]


def test_hyperparameters_are_flat() -> None:
    config = {
        "loss": {"_partial_": True, "margin": 0.3, "metric": {"m": 1, "miner": None}},
        "data": {"root": "/sets/market", "cache": "~/.cache", "p": 4, "expected": {"a": 1}},
        "model": {"weights": "~/w.pth"},
        "scheduler": {"milestones": [0.5, 0.75]},
        "seed": 0,
    }
    assert flat(config) == {
        "loss/margin": 0.3,
        "loss/metric/m": 1,
        "loss/metric/miner": None,
        "data/root": "/sets/market",
        "data/p": 4,
        "model/weights": "w.pth",
        "scheduler/milestones": [0.5, 0.75],
        "seed": 0,
    }
