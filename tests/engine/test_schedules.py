import pytest

from reid_lightning.engine.schedules import (
    constant,
    exponential,
    warmup,
    warmup_cosine,
    warmup_multistep,
)


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
