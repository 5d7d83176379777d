import math
from collections.abc import Callable
from functools import partial

import pytest
import torch

from reid_lightning.engine.parameter_groups import lr_schedule
from reid_lightning.engine.schedules import (
    constant,
    exponential,
    warmup,
    warmup_cosine,
    warmup_multistep,
)
from reid_lightning.errors import ReIDError


def test_warmup_is_linear() -> None:
    assert [warmup(e, 4) for e in (0, 2, 4, 9)] == pytest.approx([0.01, 0.505, 1, 1])
    assert warmup(0, 0) == 1


def test_cosine_goes_from_one_to_its_end() -> None:
    factors = [warmup_cosine(e, 10, warmup_epochs=0, final=0.1) for e in (0, 5, 10, 11)]
    assert factors == pytest.approx([1, 0.55, 0.1, 0.1])


def test_multistep_drops_at_its_milestones() -> None:
    def at(epoch: float) -> float:
        return warmup_multistep(epoch, 80, warmup_epochs=0, milestones=[0.5, 0.75], gamma=0.1)

    assert [at(e) for e in (0, 39.9, 40, 60)] == pytest.approx([1, 1, 0.1, 0.01])


def test_exponential_is_constant_then_decays_to_its_end() -> None:
    at = [exponential(e, 100, start=0.6, final=0.001) for e in (0, 60, 80, 100)]
    assert at == pytest.approx([1, 1, 0.001**0.5, 0.001])


def test_constant() -> None:
    assert constant(3.5, 10) == 1


@pytest.mark.parametrize(
    "factor",
    [
        partial(warmup_cosine, warmup_epochs=math.nan, final=0.1),
        partial(warmup_cosine, warmup_epochs=0, final=math.nan),
        partial(warmup_multistep, warmup_epochs=0, milestones=[0.0], gamma=-1),
        partial(exponential, start=0.0, final=math.nan),
        lambda epoch, max_epochs: -0.1,
    ],
)
def test_a_schedule_gives_finite_factors_that_are_not_negative(factor: Callable) -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    with pytest.raises(ReIDError, match=r"factor of optimizer\.lr at epoch"):
        schedule = lr_schedule(optimizer, factor, epochs=3, steps_per_epoch=2, frozen_epochs=0)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("milestones", [[40, 60], [0.5, 2], [0.5, math.nan]])
def test_milestones_are_shares_of_the_run(milestones: list[float]) -> None:
    with pytest.raises(ReIDError, match="milestones"):
        warmup_multistep(1, 80, warmup_epochs=0, milestones=milestones, gamma=0.1)
