"""`reid_lightning.compare` on runs made by hand: figures, sides, and what is refused."""

import json
from pathlib import Path

import pytest

import reid_lightning
from reid_lightning import Comparison, ReIDError, compare
from reid_lightning.comparison.text import comparison_text, verdicts
from tests.scored_runs import ROWS_A, ROWS_B, MakeScored, many, sweep, write_scores


def spoken(comparison: Comparison) -> str:
    """The text on one line, however it is wrapped."""
    return " ".join(comparison_text(comparison).split())


def test_two_runs_by_hand(make_scored: MakeScored) -> None:
    """mAP 1.75 / 3 and 2.2 / 3; of the resamples (1, 1), (1, 2) and (2, 2) the extremes."""
    done = compare(a=make_scored("a", ROWS_A), b=str(make_scored("b", ROWS_B)))
    m_ap, rank1 = done.differences.values()
    assert (m_ap.a, m_ap.b, rank1.a, rank1.b) == pytest.approx((1.75 / 3, 2.2 / 3, 1 / 3, 2 / 3))
    assert m_ap.difference == pytest.approx(0.15) and rank1.difference == pytest.approx(1 / 3)
    assert m_ap.over_identities == pytest.approx((-0.05, 0.25))
    assert rank1.over_identities == pytest.approx((0, 0.5))
    assert m_ap.over_seeds is None and rank1.over_seeds is None and not done.paired
    assert (done.won, done.lost, done.tied, done.identities) == (1, 1, 1, 2)
    assert [query.query.picture for query in done.moved] == ["a.jpg", "c.jpg", "b.jpg"]
    first = done.moved[0]
    assert first[1:] == (0.5, 1.0, 2, 1) and first.gain == 0.5 and first.query.pid == "1"


def test_the_verdict_on_two_runs_is_about_the_checkpoints(make_scored: MakeScored) -> None:
    same = compare(a=make_scored("a", many(0)), b=make_scored("b", many(0.0)))
    assert verdicts(same) == [
        "mAP: these two checkpoints cannot be distinguished by these queries.",
        "Rank-1: these two checkpoints cannot be distinguished by these queries.",
    ]
    assert same.differences["mAP"].over_identities == (0, 0) and same.tied == 120
    other = compare(a=make_scored("c", many(0)), b=make_scored("d", many(0.1)))
    assert verdicts(other)[0] == "mAP: these two checkpoints differ."
    text = comparison_text(other)
    assert "better" not in text.replace("Which settings are better", "")
    assert "that takes several seeds" in text and "120 won by B, 0 lost, 0 tied" in text


def test_swapped_sides_are_negated(make_scored: MakeScored) -> None:
    a, b = make_scored("a", many(0, 0.05)), make_scored("b", many(0.03, -0.04))
    there, back = compare(a=a, b=b), compare(a=b, b=a)
    for name, one in there.differences.items():
        two = back.differences[name]
        assert one.difference == -two.difference and one.over_identities and two.over_identities
        assert tuple(one.over_identities) == (-two.over_identities.high, -two.over_identities.low)
    assert (there.won, there.lost) == (back.lost, back.won)


def test_several_seeds_are_paired_and_the_verdict_is_about_the_settings(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    """Differences of 0.1, 0.101 and 0.1: by seed alike, though seeds themselves differ more."""
    sweep(make_scored, {"a": [2, 0, 1], "b": [0, 1, 2]}, {"a": 0.0, "b": 0.1})
    done = compare(a=tmp_path / "a", b=[tmp_path / "b" / str(seed) for seed in (1, 0, 2)])
    assert [run.seed for run in done.a] == [run.seed for run in done.b] == [0, 1, 2]
    m_ap = done.differences["mAP"]
    assert done.paired and m_ap.over_seeds is not None
    half = 4.302653 * 0.001 / 3  # t of two degrees of freedom, and the standard error
    expected = (0.1 + 0.001 / 3 - half, 0.1 + 0.001 / 3 + half)
    assert m_ap.over_seeds == pytest.approx(expected, abs=1e-6)
    assert verdicts(done) == [
        "mAP: the settings of B are better than those of A on these queries.",
        "Rank-1: the settings of A and B cannot be distinguished by these seeds.",
    ]
    text = spoken(done)
    assert "3 differences between runs of the same seed (paired, Student's t)" in text
    assert "loss.margin=0.3, seeds 0, 1, 2" in text and "these checkpoints" in text


def test_seeds_that_are_not_the_same_are_not_paired(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    sweep(make_scored, {"a": [0, 1, 2], "b": [1, 2]}, {"a": 0.0, "b": 0.1})
    done = compare(a=tmp_path / "a", b=tmp_path / "b")
    assert not done.paired and done.differences["mAP"].over_seeds is not None
    text = spoken(done)
    assert "3 and 2 runs whose seeds are not the same (not paired, Welch's t)" in text


def test_one_seed_against_several_says_nothing_of_settings(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    sweep(make_scored, {"a": [0, 1, 2], "b": [1]}, {"a": 0.0, "b": 0.1})
    done = compare(a=tmp_path / "a", b=tmp_path / "b")
    assert done.differences["mAP"].over_seeds is None
    assert verdicts(done)[0] == "mAP: these checkpoints differ."
    assert "that takes several seeds a side" in spoken(done)


def test_the_order_of_queries_does_not_matter(make_scored: MakeScored) -> None:
    done = compare(a=make_scored("a", ROWS_A), b=make_scored("b", ROWS_B[::-1]))
    assert done.moved[0].query.picture == "a.jpg" and done.moved[0][1:] == (0.5, 1.0, 2, 1)


@pytest.mark.parametrize("none", [{"retrieval": "none"}, {}], ids=["none", "of a training"])
def test_how_pictures_are_ranked_may_be_what_is_compared(
    none: dict[str, str], make_scored: MakeScored
) -> None:
    """A training's own scores say nothing of steps, and this one's nothing of its precision."""
    checkpoint = {"checkpoint": "outputs/RUN/checkpoints/best.ckpt"}
    a = make_scored("a", many(0), **none, **checkpoint)
    b = make_scored("b", many(0.1), retrieval="flip+rerank", precision="32-true", **checkpoint)
    done = compare(a=a, b=b)
    assert done.notes == ["The list of steps before ranking differs: none in A, flip+rerank in B."]
    assert verdicts(done)[0] == "mAP: these two rankings by one checkpoint differ."


OTHER_TESTS = {
    "AP": ({"ap": "trapezoid"}, "the definition of average precision is step in the first and"),
    "set": ({"data": "yours"}, "the set is mine in the first and yours in the second"),
    "gallery": ({"test/gallery": 91.0}, r"gallery \(number of pictures\) is 90 in the first"),
}


@pytest.mark.parametrize(("results", "message"), OTHER_TESTS.values(), ids=OTHER_TESTS)
def test_another_test_is_refused(results: dict, message: str, make_scored: MakeScored) -> None:
    a, b = make_scored("a", ROWS_A), make_scored("b", ROWS_B, **results)
    with pytest.raises(ReIDError, match=message):
        compare(a=a, b=b)


def test_other_queries_and_other_matches_are_refused(make_scored: MakeScored) -> None:
    a = make_scored("a", ROWS_A)
    with pytest.raises(ReIDError, match=r"other queries: 1 of the first's 4 .*, such as d\.jpg"):
        compare(a=a, b=make_scored("b", [*ROWS_B[:3], ("e.jpg", "2", 0.0, 0)]))
    with pytest.raises(ReIDError, match="other queries: 0 of the first's 4"):
        compare(a=a, b=make_scored("c", [*ROWS_B, ("e.jpg", "2", 0.0, 0)], **{"test/queries": 4.0}))
    with pytest.raises(
        ReIDError, match=r"another gallery: d\.jpg has 0 matches in the first and 1"
    ):
        compare(a=a, b=make_scored("d", [*ROWS_B[:3], ("d.jpg", "2", 0.5, 2)]))


def test_a_side_without_scores_is_refused(make_scored: MakeScored, tmp_path: Path) -> None:
    a, b = make_scored("a", ROWS_A), make_scored("b", ROWS_B)
    with pytest.raises(ReIDError, match=r"There is no run in .*nothing"):
        compare(a=a, b=tmp_path / "nothing")
    (b / "status.json").write_text('{"state": "running", "process": 2, "host": "x"}')
    with pytest.raises(ReIDError, match=r"has no finished scores to compare \(it is unfinished\)"):
        compare(a=a, b=b)
    (b / "status.json").unlink()
    (b / "per_query.csv").unlink()
    with pytest.raises(ReIDError, match=r"has no per_query\.csv"):
        compare(a=a, b=b)


def test_scores_of_two_tests_in_one_folder_are_refused(make_scored: MakeScored) -> None:
    a, b = make_scored("a", ROWS_A), make_scored("b", ROWS_B)
    text = (b / "per_query.csv").read_text()
    (b / "per_query.csv").write_text(text[: text.rindex("c.jpg")])
    with pytest.raises(ReIDError, match="are not of the same test: their mAP differs"):
        compare(a=a, b=b)
    write_scores(b, ROWS_B)
    results = json.loads((b / "metrics.json").read_text())
    (b / "metrics.json").write_text(json.dumps(results | {"test/mAP": 0.5}))
    with pytest.raises(ReIDError, match="are not of the same test"):
        compare(a=a, b=b)


def test_a_folder_twice_is_refused(make_scored: MakeScored, tmp_path: Path) -> None:
    a, b = make_scored("a", ROWS_A), make_scored("b", ROWS_B)
    (tmp_path / "link").symlink_to(a)
    with pytest.raises(ReIDError, match="is on both sides"):
        compare(a=a, b=tmp_path / "link")
    with pytest.raises(ReIDError, match="is named twice on one side"):
        compare(a=[a, tmp_path / "link"], b=b)


def test_runs_that_differ_by_more_than_their_seed_are_refused(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    sweep(make_scored, {"a": [0, 1], "b": [0, 1]}, {"a": 0.0, "b": 0.1})
    with pytest.raises(ReIDError, match=r"they differ in loss\.margin\. There are 2 groups: .*; "):
        compare(a=tmp_path, b=tmp_path / "a" / "0")
    repeated = make_scored("again", many(0), seed=1)
    with pytest.raises(ReIDError, match="a seed is there twice"):
        compare(a=[tmp_path / "a" / "1", repeated], b=tmp_path / "b")
    (repeated / ".hydra" / "config.yaml").unlink()
    with pytest.raises(ReIDError, match=r"the settings or the seed of .*again are not known"):
        compare(a=[tmp_path / "a" / "1", repeated], b=tmp_path / "b")
    done = compare(a=repeated, b=tmp_path / "b" / "1")
    assert done.a[0].seed is None, "a single run needs no settings"


def test_the_function_is_no_module() -> None:
    assert callable(reid_lightning.compare)
