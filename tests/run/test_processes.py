"""Which device and how many processes a job gets, and which of them logs."""

import logging
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.errors import ReIDError
from reid_lightning.run.command_line import log_on_rank_zero
from reid_lightning.run.processes import plan_processes

CONF = str(Path(__file__).parents[2] / "conf")


def plan(*overrides: str) -> tuple[str, int]:
    with initialize_config_dir(CONF, version_base="1.3"):
        processes = plan_processes(compose("evaluate", list(overrides)))
    return processes.hardware, processes.count


def test_a_cpu_evaluation_is_one_of_a_cpu_even_where_there_is_a_gpu() -> None:
    assert plan("trainer=cpu") == ("cpu", 1)
    assert plan("trainer=cpu", "trainer.devices=3") == ("cpu", 3)


def test_a_missing_gpu_is_said_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ReIDError, match=r"There is no GPU .* leave it out, or set trainer=cpu"):
        plan("trainer=gpu")


@pytest.mark.gpu
def test_a_gpu_is_named_by_its_model() -> None:
    assert plan("trainer=gpu") == (torch.cuda.get_device_name(0), 1)


@pytest.mark.parametrize(("rank", "logs"), [(0, True), (1, False)])
def test_only_rank_zero_logs_whoever_started_the_ranks(
    rank: int, logs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """srun sets no LOCAL_RANK: the rank is the one that Lightning found."""
    monkeypatch.setattr(rank_zero_only, "rank", rank)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    try:
        log_on_rank_zero()
        expected = logging.NOTSET if logs else logging.WARNING
        assert logging.root.manager.disable == expected, "errors are always logged"
    finally:
        logging.disable(logging.NOTSET)
