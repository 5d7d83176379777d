"""A resumed run whose time is used up says why it trains nothing."""

from collections.abc import Callable
from pathlib import Path


def test_a_resumed_run_without_time_left_says_so(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    options = ["+trainer.max_time=00:00:00:01", "trainer.max_epochs=99", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *options, cwd=tmp_path)
    done = script("train.py", "resume=run", "trainer.max_epochs=100", cwd=tmp_path)
    assert "Nothing was trained: the run has used up its trainer.max_time=00:00:00:01" in (
        done.stdout
    )
    assert "epoch 100/100" not in done.stdout
