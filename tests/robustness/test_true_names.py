"""Every score stands under its own name, and scores of a part say so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_score_of_another_monitor_is_not_called_map(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    options = ["callbacks.best.monitor=val/rank1", "hydra.run.dir=run"]
    done = script("train.py", *tiny_overrides, *options, cwd=tmp_path)
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert results["monitor"] == "val/rank1" and results["val/mAP"] is None
    assert results["val/rank1"] == pytest.approx(results["test/rank1"])
    assert "Best checkpoint by val/rank1" in done.stdout
    again = script("train.py", "resume=run", cwd=tmp_path)
    assert "is finished" in again.stdout


def test_scores_of_a_part_say_so_and_a_sanity_check_ends_no_run(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    part = ["+trainer.limit_test_batches=0.6", "data.eval_batch_size=32"]
    sanity = ["trainer.num_sanity_val_steps=1", "hydra.run.dir=run"]
    done = script("train.py", *tiny_overrides, *part, *sanity, cwd=tmp_path)
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert results["data"] == "synthetic (a part: 0.6 of its batches)"
    assert results["data"] in done.stdout
    assert results["validated_on"] == "official query/gallery"
