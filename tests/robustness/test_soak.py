"""A long training keeps its memory, its open files and its threads: one epoch is like the next."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from reid_lightning.data.synthetic import draw_synthetic

EPOCHS, WARM = 60, 15
_MOST_GROWTH = 10 * 2**20  # bytes in 45 epochs; it was 0.4 MiB of 952, for lists of scores


@pytest.mark.slow
def test_60_epochs_take_no_more_than_15(tmp_path: Path) -> None:
    root = draw_synthetic(tmp_path / "set", train_identities=4, test_identities=2)
    arguments = [
        "data=synthetic",
        f"data.root={root}",
        "data.draw.train_identities=4",
        "data.draw.test_identities=2",
        *("data.p=2", "data.k=2", "data.height=32", "data.width=16", "data.workers=0"),
        *("model.width=0.35", "trainer.accelerator=cpu", f"trainer.max_epochs={EPOCHS}"),
        "+callbacks.resources._target_=tests.probes.Resources",
        f"+callbacks.resources.path={tmp_path}/resources.json",
        "hydra.run.dir=run",
    ]
    subprocess.run([sys.executable, ROOT / "train.py", *arguments], cwd=tmp_path, check=True)
    samples = json.loads((tmp_path / "resources.json").read_text())
    warm = samples[WARM:]
    assert len(samples) == EPOCHS
    for name in ("files", "threads"):
        assert {sample[name] for sample in warm} == {warm[0][name]}, name
    memory = [sample["bytes"] for sample in warm]
    assert max(memory) - memory[0] < _MOST_GROWTH
