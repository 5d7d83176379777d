import math
from collections.abc import Callable
from functools import partial
from typing import Any

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


def advance(factor: Callable) -> None:
    """Train a step by a schedule."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    schedule = lr_schedule(optimizer, factor, epochs=3, steps_per_epoch=2, frozen_epochs=0)
    optimizer.step()
    schedule.step()


class Costly(partial):
    """A partial with checks of its own, as Hydra's."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("called in a step")


def test_no_step_pays_for_the_checks_of_a_kind_of_partial() -> None:
    advance(Costly(warmup_cosine, warmup_epochs=1, final=0.1))


@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf])
def test_a_schedule_gives_finite_factors_that_are_not_negative(factor: float) -> None:
    message = rf"factor of optimizer\.lr at epoch 0 is {factor}: it must be a number of 0"
    with pytest.raises(ReIDError, match=message):
        advance(lambda epoch, max_epochs: factor)


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (partial(warmup_cosine, warmup_epochs=math.nan, final=0.1), "warmup_epochs=nan must be"),
        (partial(warmup_cosine, warmup_epochs=0, final=math.nan), "final=nan must be"),
        (partial(exponential, start=0.0, final=math.nan), "final=nan must be"),
        *(
            (
                partial(warmup_multistep, warmup_epochs=0, milestones=shares, gamma=gamma),
                message,
            )
            for shares, gamma, message in (
                ([0.0], -1, "gamma=-1 must be a number from 0 to 1"),
                (
                    [40, 60],
                    0.1,
                    r"milestones=\[40, 60\] must be a list, each of it a number from 0",
                ),
                ([0.5, 2], 0.1, "milestones="),
                ([0.5, math.nan], 0.1, "milestones="),
            )
        ),
    ],
)
def test_what_a_schedule_is_made_with_is_checked_before_its_first_step(
    factor: Callable, message: str
) -> None:
    with pytest.raises(ReIDError, match=rf"scheduler\.{message}"):
        advance(factor)
