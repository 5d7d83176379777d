"""What a sweep ends with: one row for each setting, and no best that chance may have chosen."""

from pathlib import Path

import pytest

from reid_lightning.comparison.sweep_text import SweepText, sweep_text
from reid_lightning.results.status import write_status
from reid_lightning.results.sweep_summary import write_summary
from tests.scored_runs import MakeScored, many, sweep


def ended(folder: Path) -> SweepText:
    return sweep_text(folder, write_summary(folder))


@pytest.mark.parametrize(("gain", "clear"), [(0.1, True), (0.0003, False)])
def test_the_best_of_several_seeds_is_marked_where_their_interval_excludes_zero(
    gain: float, clear: bool, make_scored: MakeScored, tmp_path: Path
) -> None:
    sweep(make_scored, {"a": [0, 1, 2], "b": [0, 1, 2]}, {"a": 0.0, "b": gain})
    text, first_two = ended(tmp_path)
    assert first_two == ([tmp_path / "b" / n for n in "012"], [tmp_path / "a" / n for n in "012"])
    of_settings, of_runs = text.split("Every run:")
    assert of_settings.startswith("Mean ± standard deviation over seeds:")
    assert ("*" in of_settings) is clear and ("* The best: +10.03 points" in of_runs) is clear
    assert ("None is marked as the best" in of_runs) is not clear
    assert "95% interval over seeds:" in of_runs and of_runs.count("finished") == 6


@pytest.mark.parametrize(("spread", "clear"), [(0.0, True), (0.05, False)])
def test_the_best_of_single_runs_is_marked_where_their_queries_say_so(
    spread: float, clear: bool, make_scored: MakeScored, tmp_path: Path
) -> None:
    make_scored("0", many(0), config={"loss": {"margin": 0.3}})
    make_scored("1", many(0.01, spread), config={"loss": {"margin": 0.1}})
    make_scored("2", many(-0.1), config={"loss": {"margin": 0.5}})
    text, first_two = ended(tmp_path)
    assert first_two == ([tmp_path / "1"], [tmp_path / "0"]) and "Mean" not in text
    (best,) = [line for line in text.splitlines() if line.rstrip().endswith(" 1")]
    assert best.startswith("*") is clear
    assert "95% interval over identities:" in text and ("None is marked" in text) is not clear


def test_several_seeds_against_one_are_no_match(make_scored: MakeScored, tmp_path: Path) -> None:
    sweep(make_scored, {"a": [0, 1, 2], "b": [1]}, {"a": 0.0, "b": 0.1})
    text, first_two = ended(tmp_path)
    assert first_two is None and "*" not in text and "marked" not in text


def test_without_scores_of_queries_nothing_is_marked(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    for number, gain in enumerate((0.0, 0.1)):
        run = make_scored(f"{number}", many(gain), config={"loss": {"margin": gain}})
    (run / "per_query.csv").unlink()
    text, first_two = ended(tmp_path)
    assert first_two is None and "*" not in text and "marked" not in text


def test_nothing_is_marked_where_all_others_have_failed(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    make_scored("0", many(0))
    failed = make_scored("1", many(0.1), config={"loss": {"margin": 0.1}})
    (failed / "metrics.json").unlink()
    write_status(failed, "failed", message="Out of memory.")
    assert ended(tmp_path).first_two is None


def test_scores_on_other_sets_are_not_ranked_against_each_other(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    for number, data in enumerate(("mine", "yours")):
        make_scored(f"{number}", many(0.1 * number), config={"data": data}, data=data)
    assert ended(tmp_path).first_two is None


def test_a_single_job_has_a_table(make_scored: MakeScored, tmp_path: Path) -> None:
    make_scored("0", many(0))
    text, first_two = ended(tmp_path)
    assert "finished" in text and first_two is None
