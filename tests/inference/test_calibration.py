import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people import People, calibration_error, draw_people, slow_pairs
from tiny_model import tiny_model

from reid_lightning.errors import ReIDError
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.calibration_file import read_calibration, write_calibration
from reid_lightning.inference.fit_calibration import MOST_PICTURES, _choose, fit_calibration

ABOUT: dict[str, Any] = {"model": "tiny", "height": 32, "width": 16, "data": "drawn", "cameras": 3}


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    fitted = fit_calibration(*draw_people(60, seed=0))
    assert fitted is not None
    return Calibration(**ABOUT, **fitted)


@pytest.mark.parametrize("noise", [0.3, 0.8, 1.5])
def test_probabilities_are_right_of_people_that_were_not_seen(noise: float) -> None:
    fitted = fit_calibration(*draw_people(100, seed=1, noise=noise))
    assert fitted is not None
    calibration = Calibration(**ABOUT, **fitted)
    same, other, _ = slow_pairs(draw_people(80, seed=2, noise=noise))
    found = np.array([calibration.probability(s) for s in [*same, *other]])
    labels = np.repeat([True, False], [len(same), len(other)])
    assert calibration_error(found, labels) < 0.05
    # Those of another network, of other noise, are not.
    assert calibration_error(np.clip((found + 0.4) % 1, 0, 1), labels) > 0.1


def test_counts_are_of_pairs_by_two_cameras(calibration: Calibration) -> None:
    same, other, _ = slow_pairs(draw_people(60, seed=0))
    assert (calibration.people, calibration.pictures) == (60, 360)
    assert (calibration.same_pairs, calibration.other_pairs) == (len(same), len(other))


def test_a_prior_shifts_the_odds(calibration: Calibration) -> None:
    even = calibration.probability(0.6)
    rare = calibration.probability(0.6, prior=0.01)
    assert rare / (1 - rare) == pytest.approx(even / (1 - even) / 99)
    assert 0 < calibration.probability(-1) < even < calibration.probability(1) < 1


def test_it_is_read_as_it_was_written(calibration: Calibration, tmp_path: Path) -> None:
    write_calibration(tmp_path / "calibration.json", calibration)
    assert read_calibration(tmp_path / "calibration.json") == calibration


CHANGES: list[tuple[str, Any, str]] = [
    ("slope", float("nan"), "slope=nan must be"),
    ("intercept", None, "intercept=null must be"),
    ("people", True, "people=true must be"),
    ("people", 2.5, "people=2.5 must be"),
    ("model", 7, "model=7 must be"),
    ("absent_sizes", [], "absent_sizes"),
    ("absent_sizes", [5, 3], "do not belong together"),
    ("absent_similarities", [0.1, "x"], "absent_similarities"),
    ("false_match_1_percent", 0.5, "it holds no names with values"),
    ("false_match_1_percent", {"similarity": 0.5}, "low is missing"),
    ("false_match_0_1_percent", {"similarity": float("inf")}, "similarity"),
]


@pytest.mark.parametrize(("key", "value", "message"), CHANGES)
def test_what_makes_no_sense_is_refused(
    key: str, value: object, message: str, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(path, calibration)
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ReIDError, match="holds no calibration that reid-lightning wrote") as error:
        read_calibration(path)
    assert message in str(error.value)


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", "{", '{"model": "x"}'])
def test_no_calibration_at_all_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(ReIDError, match=str(path)):
        read_calibration(path)


def test_it_belongs_to_one_model(calibration: Calibration) -> None:
    calibration.check(Path("c.json"), tiny_model("tiny"))
    with pytest.raises(ReIDError, match="is the calibration of another model"):
        calibration.check(Path("c.json"), tiny_model("other"))
    with pytest.raises(ReIDError, match="was measured at 32 × 16, and pictures are embedded at 64"):
        calibration.check(Path("c.json"), tiny_model("tiny", height=64))


@pytest.mark.parametrize(
    "people",
    [
        draw_people(1, seed=0),
        draw_people(5, seed=0),  # a tenth of them is nobody
        draw_people(20, seed=0, pictures=1),  # no person has two
        draw_people(20, seed=0)._replace(camids=np.zeros(120, np.int64)),
    ],
)
def test_too_few_people_give_none(people: People) -> None:
    assert fit_calibration(*people) is None


def test_of_very_many_pictures_every_person_and_camera_stays() -> None:
    random = np.random.default_rng(0)
    pids, camids = random.integers(300, size=20_000), random.integers(4, size=20_000)
    chosen = _choose(pids, camids)
    assert len(chosen) == MOST_PICTURES == len({*chosen.tolist()})
    assert len({*zip(pids[chosen].tolist(), camids[chosen].tolist(), strict=True)}) == 1200
    assert np.array_equal(_choose(pids[:100], camids[:100]), np.arange(100))


def test_without_cameras_any_two_pictures_of_one_person_are_a_pair() -> None:
    people = draw_people(30, seed=4)
    fitted = fit_calibration(*people._replace(camids=np.arange(len(people.pids))))
    assert fitted is not None
    assert fitted["same_pairs"] == 30 * 15 and fitted["other_pairs"] == 30 * 29 // 2 * 36
