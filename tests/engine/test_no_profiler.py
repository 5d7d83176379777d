"""A training that is not profiled, and one that is."""

import pytest
from compose_config import composed
from hydra.utils import instantiate
from pytorch_lightning.profilers import Profiler, SimpleProfiler

from reid_lightning.engine.no_profiler import NoProfiler


def test_an_action_may_be_within_another_of_its_kind() -> None:
    profiler = NoProfiler()
    with profiler.profile("step"), profiler.profile("step"), pytest.raises(KeyError):
        {}["an error is passed on"]
    assert profiler.summary() == ""


@pytest.mark.parametrize(
    ("overrides", "kind"), [([], NoProfiler), (["trainer.profiler=simple"], SimpleProfiler)]
)
def test_lightnings_own_can_be_chosen(overrides: list[str], kind: type[Profiler]) -> None:
    config = composed("train", "data=synthetic", "trainer=cpu", *overrides)
    trainer = instantiate(config.trainer, logger=False, enable_checkpointing=False)
    assert type(trainer.profiler) is kind
