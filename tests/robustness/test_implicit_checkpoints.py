"""No checkpoint is loaded that was not asked for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

SLURM = {
    "SLURM_NTASKS": "1",
    "SLURM_JOB_ID": "1",
    "SLURM_JOB_NAME": "train",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NTASKS_PER_NODE": "1",
    "SLURM_JOB_NODELIST": "localhost",
    "SLURM_NODELIST": "localhost",
}


def scores(folder: Path) -> dict[str, float]:
    results = json.loads((folder / "metrics.json").read_text())
    return {name: value for name, value in results.items() if name.startswith("test/")}


@pytest.mark.slow
def test_slurm_does_not_make_a_run_load_what_lies_in_the_working_directory(
    script: Callable, tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training, its test, and an evaluation; the stray checkpoint is another run's."""
    monkeypatch.setenv("REID_CACHE", str(tmp_path / "cache"))
    options = [*tiny_overrides, "trainer.max_epochs=2"]
    script("train.py", *options, "hydra.run.dir=plain", cwd=tmp_path)
    script("train.py", *options, "seed=7", "hydra.run.dir=other", cwd=tmp_path)
    (tmp_path / "other" / "checkpoints" / "last.ckpt").rename(tmp_path / "hpc_ckpt_1.ckpt")
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    script("train.py", *options, "hydra.run.dir=slurm", cwd=tmp_path)
    assert scores(tmp_path / "slurm") == scores(tmp_path / "plain")
    data = [o for o in tiny_overrides if o.startswith("data") and "height" not in o]
    checkpoint = "checkpoint=plain/checkpoints/best.ckpt"
    script("evaluate.py", checkpoint, *data, "hydra.run.dir=e", cwd=tmp_path)
    assert scores(tmp_path / "e") == pytest.approx(scores(tmp_path / "plain"), abs=1e-9)


def test_one_in_the_runs_own_folder_is_refused(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    script("train.py", *tiny_overrides, "hydra.run.dir=run", cwd=tmp_path)
    (tmp_path / "run" / "hpc_ckpt_2.ckpt").write_bytes(b"")
    done = script("train.py", "resume=run", "trainer.max_epochs=2", cwd=tmp_path, check=False)
    assert done.returncode == 1 and "hpc_ckpt_2.ckpt would be loaded by Lightning" in done.stdout
