"""Two pictures compared, and searches for people who are not in the gallery."""

import csv
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from reid_lightning import EmbeddingModel, ReIDError, load_model, search, verify
from reid_lightning.inference.calibration import Calibration, MatchThreshold
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, write_calibration
from reid_lightning.run.command import main
from reid_lightning.run.find_calibration import NotCalibrated, find_calibration


@pytest.fixture
def run_folder(trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run without a calibration, and the working folder in it."""
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copy(trained_run / "checkpoints" / "best.ckpt", folder / "checkpoints")
    monkeypatch.chdir(tmp_path)
    return folder


def calibration_of(model: EmbeddingModel, /, **changes: Any) -> Calibration:
    values: dict[str, Any] = {
        "model": model.digest,
        "height": model.height,
        "width": model.width,
        "data": "drawn",
        "people": 50,
        "pictures": 300,
        "cameras": 3,
        "same_pairs": 700,
        "other_pairs": 40_000,
        "intercept": -4.0,
        "slope": 8.0,
        "false_match_1_percent": MatchThreshold(0.5, 0.45, 0.55, 0.8),
        "false_match_0_1_percent": None,
        "absent_rate": 0.1,
        "absent_sizes": [1, 1000],
        "absent_similarities": [0.25, 0.25],
    }
    return Calibration(**values | changes)


def pictures(tiny_set: Path) -> list[Path]:
    return sorted((tiny_set / "query").glob("*.jpg"))


def run(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    monkeypatch.setattr("sys.argv", ["reid", *typed])
    main()


def test_it_tells_what_the_similarity_means(
    run_folder: Path, tiny_set: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    model, (a, b, *_) = load_model(run_folder, device="cpu"), pictures(tiny_set)
    write_calibration(run_folder / CALIBRATION_FILE, calibration_of(model))
    one, other = model([a, b]).double()
    result = verify(first=a, second=b, checkpoint=run_folder, device="cpu")
    assert result.similarity == pytest.approx(float(one @ other))
    meaning = result.calibration
    assert meaning is not None and not result.not_calibrated
    assert result.probability == meaning.probability(result.similarity)
    assert list(result.thresholds) == [0.01, 0.001]
    rare = verify(first=a, second=b, prior=0.01, checkpoint=run_folder, device="cpu")
    assert rare.probability is not None and rare.probability < (result.probability or 0)
    run(monkeypatch, "verify", str(a), str(a), f"checkpoint={run_folder}", "prior=0.5")
    printed = capsys.readouterr().out
    assert "similarity 1.000\nthe same person with a probability of 98.2%" in printed
    assert "above the threshold of 1.0% false matches, 0.500 (95% interval 0.450" in printed
    assert "no threshold at 0.1% false matches: 50 people are too few" in printed
    assert "calibrated on 50 people of drawn" in printed


def test_without_a_calibration_no_number_is_invented(
    run_folder: Path, tiny_set: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    a, b, *_ = pictures(tiny_set)
    run(monkeypatch, "verify", str(a), str(b), f"checkpoint={run_folder}/checkpoints/best.ckpt")
    similarity, rest = capsys.readouterr().out.splitlines()
    assert similarity.startswith("similarity ")
    assert rest == "not calibrated: train with data.val_identities=100"


def test_that_of_another_model_is_refused_if_named_and_not_used_if_found(
    run_folder: Path, tiny_set: Path
) -> None:
    model, (a, b, *_) = load_model(run_folder, device="cpu"), pictures(tiny_set)
    file = run_folder / CALIBRATION_FILE
    write_calibration(file, calibration_of(model, model="of another"))
    with pytest.raises(ReIDError, match=r"calibration\.json is the calibration of another model"):
        verify(first=a, second=b, calibration=file, checkpoint=run_folder, device="cpu")
    result = verify(first=a, second=b, checkpoint=run_folder, device="cpu")
    assert result.probability is None
    assert "is the calibration of another model" in result.not_calibrated
    file.write_text("{")
    assert isinstance(find_calibration(model, run_folder, None), NotCalibrated)
    with pytest.raises(ReIDError, match=r"calibration\.json is damaged"):
        find_calibration(model, None, file)
    with pytest.raises(ReIDError, match="there is no such file"):
        find_calibration(model, run_folder, "none.json")
    assert find_calibration(model, None, None) == NotCalibrated(
        "train with data.val_identities=100"
    )


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["prior=0"], "prior=0 must be"),
        (["prior=1"], "prior=1 must be"),
        (["prior=nan"], "prior=nan must be"),
        (["second=b.jpg"], "second is given twice"),
        (["calibration=none.json"], "none.json is damaged, or cannot be read"),
    ],
)
def test_bad_input_is_a_sentence(
    typed: list[str], message: str, run_folder: Path, tiny_set: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    a, b, *_ = map(str, pictures(tiny_set))
    with pytest.raises(SystemExit):
        run(monkeypatch, "verify", a, b, f"checkpoint={run_folder}", *typed)
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1 and message in errors[0]


def test_a_search_tells_who_is_probably_not_in_the_gallery(
    run_folder: Path, tiny_set: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("INFO")
    # Hydra disables the loggers that there are when it configures a training of this process.
    monkeypatch.setattr(logging.getLogger("reid_lightning.run.search"), "disabled", False)
    model, (query, *_) = load_model(run_folder, device="cpu"), pictures(tiny_set)
    gallery = tiny_set / "bounding_box_test"
    typed = ["search", f"checkpoint={run_folder}", f"query={query}", f"gallery={gallery}", "k=2"]
    run(monkeypatch, *typed)
    said = "Whether somebody is not in the gallery is not calibrated: train with"
    assert caplog.text.count(said) == 1
    assert "The best result" not in capsys.readouterr().out
    file = run_folder / CALIBRATION_FILE
    for similarity, side in ((-1.0, "above -1.000, which"), (1.0005, "below 1.000, which")):
        sizes = {"absent_sizes": [1, 1000], "absent_similarities": [similarity] * 2}
        write_calibration(file, calibration_of(model, **sizes))
        run(monkeypatch, *typed)
        count = len([*gallery.glob("*.jpg")])
        printed = capsys.readouterr().out
        assert f"is {side} the best results of 10% of the people who are not" in printed
        assert f"in a gallery of {count} pictures, 6 a person, reach" in printed
        assert (": this person may not be in it." in printed) == (side[:5] == "below")
        assert f"is {side}" in Path("search/search.html").read_text(encoding="utf-8")
        with Path("search/search.csv").open(encoding="utf-8") as rows:
            assert {float(row["threshold"]) for row in csv.DictReader(rows)} == {similarity}
    (result,) = search(
        query=query, gallery=gallery, checkpoint=run_folder, retrieval=["flip"], out=None
    )
    assert result.threshold is None
    assert "not calibrated: similarities were measured without retrieval" in caplog.text
    write_calibration(file, calibration_of(model, absent_sizes=[1, 20]))
    assert json.loads(file.read_text())["absent_sizes"] == [1, 20]
    (result,) = search(query=query, gallery=gallery, checkpoint=run_folder, out=None)
    assert result.threshold is None
    assert "50 people held out tell it of galleries of 20 pictures at most" in caplog.text
