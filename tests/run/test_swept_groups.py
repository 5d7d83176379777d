"""A swept group's keys are read by the jobs, whatever the default of the group has."""

from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.swept_groups import with_keys_of_swept_groups


def test_only_keys_of_swept_groups_become_sweeps_of_one() -> None:
    typed = ["model=a,b", "model.width=1", "+model.x='a,b'", "~model.y", "model.z=1,2", "data=c"]
    typed += ["data.list=[a,b]", "models.width=1", "model.embedding=null"]
    assert with_keys_of_swept_groups("evaluate", typed) == [
        "model=a,b", "model.width=choice(1)", "+model.x=choice('a,b')", "~model.y", "model.z=1,2",
        "data=c", "data.list=[a,b]", "models.width=1",
        "++model.embedding=null",
    ]  # fmt: skip
    assert with_keys_of_swept_groups("train", typed) == typed


@pytest.mark.parametrize(
    "value", ["b.pth", "'a=b.pth'", "", "${seed}", "'a, b (c).pth'", "null", "/x/y-1.0.pth"]
)
def test_jobs_get_the_value_as_it_was_typed(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []

    def job(config: DictConfig) -> None:
        found.append((HydraConfig.get().runtime.choices.model, config.model.weights))

    def run(*overrides: str) -> None:
        more = ["hydra.sweep.dir=sweep", "hydra.run.dir=run"]
        more += ["~hydra.callbacks.run_start", "~hydra.callbacks.sweep_end"]
        run_hydra_app(job, "evaluate", [*overrides, f"model.weights={value}", *more])

    run("model=osnet")
    ((_, weights),) = found
    found.clear()
    run("-m", "model=osnet,resnet50")
    assert found == [("osnet", weights), ("resnet50", weights)]
