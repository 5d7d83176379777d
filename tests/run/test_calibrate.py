"""A training that holds people out ends with what its similarities mean."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reid_lightning import load_model, train
from reid_lightning.data.readers import read_market1501
from reid_lightning.data.splits import hold_out
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, read_calibration
from reid_lightning.inference.fit_calibration import fit_calibration


@pytest.fixture(scope="session")
def calibrated_run(
    tmp_path_factory: pytest.TempPathFactory, script: Callable, tiny_overrides: list[str]
) -> Path:
    """A short training in two processes with people held out, which no test changes."""
    cwd = tmp_path_factory.mktemp("calibrated")
    own = ["data.val_identities=12", "data.p=2", "trainer.devices=2", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *own, cwd=cwd)
    return cwd / "run"


def test_it_is_of_the_best_checkpoint_and_the_people_held_out(
    calibrated_run: Path, tiny_set: Path
) -> None:
    calibration = read_calibration(calibrated_run / CALIBRATION_FILE)
    model = load_model(calibrated_run, device="cpu")
    calibration.check(calibrated_run, model)
    splits = hold_out(read_market1501(tiny_set).train, 12)
    samples = [*splits.query, *splits.gallery]
    assert (calibration.data, calibration.people) == ("synthetic", 12)
    assert calibration.pictures == len(samples)
    embeddings = model([s.path for s in samples]).numpy()
    pids, camids = (np.array([getattr(s, name) for s in samples]) for name in ("pid", "camid"))
    fitted = fit_calibration(embeddings, pids, camids)
    assert fitted is not None
    kept = calibration._asdict()
    assert kept["same_pairs"] == fitted["same_pairs"]
    np.testing.assert_allclose(
        kept["absent_similarities"], fitted["absent_similarities"], atol=1e-5
    )


def test_a_finished_run_that_is_resumed_gets_it(calibrated_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(calibrated_run, run)
    (run / CALIBRATION_FILE).unlink()
    train(f"resume={run}")
    expected = read_calibration(calibrated_run / CALIBRATION_FILE)
    found = read_calibration(run / CALIBRATION_FILE)
    assert (found.model, found.same_pairs) == (expected.model, expected.same_pairs)
    written = (run / CALIBRATION_FILE).stat().st_mtime_ns
    train(f"resume={run}")
    assert (run / CALIBRATION_FILE).stat().st_mtime_ns == written


def test_no_people_held_out_give_none(trained_run: Path) -> None:
    assert not (trained_run / CALIBRATION_FILE).exists()
