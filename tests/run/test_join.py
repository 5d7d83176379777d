"""`data.join`: other sets by their names, with their own YAML."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_two_sets_are_trained_on_and_the_first_is_scored(
    tiny_set: Path,
    tmp_path: Path,
    script: Run,
    tiny_overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REID_DATA", str(tmp_path))
    (tmp_path / "cuhk03-np").symlink_to(tiny_set)
    joined = ["data.join=[synthetic,cuhk03_np]", "data.val_identities=4", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *joined, cwd=tmp_path)
    assert "joined: cuhk03_np" in (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert results["data"] == "synthetic" and results["validated_on"].startswith("4 held-out")
    checkpoint = f"checkpoint={tmp_path / 'run' / 'checkpoints' / 'best.ckpt'}"
    score = ["data=synthetic", f"data.root={tiny_set}", "trainer.accelerator=cpu"]
    drawn = ["data.draw.train_identities=16", "data.draw.test_identities=8"]
    done = script("evaluate.py", checkpoint, *score, *drawn, cwd=tmp_path)
    assert f"{results['test/mAP']:.1%}" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("join", "said"),
    [
        ("cuhk03_np,synthetic", "choose it, too, by data=cuhk03_np (it is data=synthetic)"),
        ("synthetic,cuhk3_np", "there is no data=cuhk3_np: did you mean data=cuhk03_np?"),
        ("synthetic,cuhk03_np", "There is no data set at"),
    ],
)
def test_what_cannot_be_joined_is_named(
    join: str, said: str, tmp_path: Path, script: Run, tiny_overrides: list[str]
) -> None:
    done = script("train.py", *tiny_overrides, f"data.join=[{join}]", cwd=tmp_path, check=False)
    assert done.returncode == 1 and said in done.stdout + done.stderr
