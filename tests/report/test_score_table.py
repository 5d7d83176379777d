from pathlib import Path

import pytest

from reid_lightning.report.facts import facts_of
from reid_lightning.report.intervals import Score, best_of, score_of
from reid_lightning.report.rows import Row, rows_of
from reid_lightning.report.score_table import compare_scores, list_runs, order_rows
from reid_lightning.report.table import Cell, Table, csv_text
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun


def ordered(folders: list[Path]) -> list[Row]:
    return order_rows(rows_of(read_runs(folders)))


def texts(cells: list[Cell]) -> list[str]:
    return [cell.text for cell in cells]


def column(table: Table, title: str) -> list[str]:
    number = texts(table.head).index(title)
    return [row[number].text for row in table.rows]


def seeds(make_run: MakeRun, name: str, scores: list[float], **results: object) -> list[Path]:
    """Runs that differ by nothing but their seed."""
    return [
        make_run(
            f"{name}{seed}",
            [f"loss={name}", f"seed={seed}"],
            score=score,
            config={"loss": name, "seed": seed},
            **{"seed": seed, "val/mAP": score / 2} | results,
        )
        for seed, score in enumerate(scores)
    ]


def test_the_best_by_validation_comes_first(make_run: MakeRun) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.5, **{"val/mAP": 0.2, "test/mINP": 0.9}),
        make_run("b", ["x=two"], score=0.4, **{"val/mAP": 0.3}),
        make_run("c", ["x=three"], score=None),
    ]
    table = compare_scores(ordered(folders))
    assert texts(table.head)[:6] == ["run", "Rank-1", "Rank-5", "Rank-10", "mAP", "mINP"]
    assert [texts(row)[:7] for row in table.rows] == [
        ["two", "40.0", "40.0", "40.0", "40.0", "40.0", "30.0"],
        ["one", "50.0", "50.0", "50.0", "50.0", "90.0", "20.0"],
    ]
    assert texts(table.head)[6:] == ["val/mAP", "minutes"], "all else is the same in both"


def test_runs_of_one_experiment_are_one_row_with_mean_deviation_and_number(
    make_run: MakeRun,
) -> None:
    folders = [*seeds(make_run, "hard", [0.5, 0.6, 0.7]), *seeds(make_run, "softmax", [0.2])]
    rows = ordered(folders)
    table = compare_scores(rows)
    assert column(table, "run") == ["hard", "softmax"] and column(table, "runs") == ["3", "1"]
    assert column(table, "mAP") == ["60.0 ± 10.0", "20.0"]
    runs = list_runs(rows)
    assert column(runs, "run") == ["hard, seed 0", "hard, seed 1", "hard, seed 2", "softmax"]
    assert column(runs, "mAP") == ["50.0", "60.0", "70.0", "20.0"]
    assert list_runs(rows[1:]).rows == []
    lines = csv_text(table).splitlines()
    assert lines[0].startswith("run,Rank-1,Rank-1 sd,Rank-5,")
    name, mean, deviation, *_ = lines[1].split(",")
    assert (name, float(mean), float(deviation)) == ("hard", pytest.approx(0.6), pytest.approx(0.1))


def test_the_interval_over_seeds_is_students(make_run: MakeRun) -> None:
    (row,) = ordered(seeds(make_run, "hard", [0.5, 0.6, 0.7]))
    score = score_of(row, "test/mAP")
    assert score is not None
    half = 4.302653 * 0.1 / 3**0.5  # t of two degrees of freedom, of any table
    assert (score.low, score.high) == pytest.approx((0.6 - half, 0.6 + half), abs=1e-6)


def write_queries(run: Path, aps: list[float]) -> None:
    rows = [f"{n}.jpg,{n},1,1,{1 if ap == 1 else 2},{ap},{ap}" for n, ap in enumerate(aps)]
    lines = "query,pid,camera,matches,first_match,AP,INP", *rows, "x.jpg,99,1,0,,,"
    (run / "per_query.csv").write_text("\n".join(lines) + "\n")


def test_the_interval_of_one_run_is_over_its_people(make_run: MakeRun) -> None:
    run = make_run("a", ["x=one"], score=0.75)
    write_queries(run, [1.0, 0.5] * 8)
    score = score_of(ordered([run])[0], "test/mAP")
    assert score is not None and score.has_interval
    deviation = (0.25**2 * 16 / 15) ** 0.5
    t = 2.13145  # of 15 degrees of freedom
    assert score.high - score.mean == pytest.approx(t * deviation / 4, rel=1e-5)
    text = (run / "per_query.csv").read_text()
    (run / "per_query.csv").write_text(text + text.partition("\n")[2].replace("x.jpg", "y.jpg"))
    twice = score_of(ordered([run])[0], "test/mAP")
    assert twice == pytest.approx(score), "more queries of the same people tell nothing more"
    without = score_of(ordered([run])[0], "val/mAP")
    assert without is not None and not without.has_interval


def test_a_best_score_is_marked_only_where_its_interval_is_above_the_others() -> None:
    low, high = Score(0.4, None, 0.35, 0.45), Score(0.6, None, 0.5, 0.7)
    assert best_of([low, high]) == 1 and best_of([high, low, None]) == 0
    assert best_of([low, high, Score(0.5, None, 0.46, 0.51)]) is None, "overlaps the highest"
    assert best_of([low, Score(0.6, None, 0.6, 0.6)]) is None, "without an interval"
    assert best_of([high]) is None


def test_marks_need_scores_of_the_same_test(make_run: MakeRun) -> None:
    def marked(gallery: int) -> list[str]:
        folders = [make_run(f"a{gallery}", ["x=one"], score=0.95)]
        folders += [make_run(f"b{gallery}", ["x=two"], score=0.5, **{"test/gallery": gallery})]
        write_queries(folders[0], [1.0, 0.9] * 8)
        write_queries(folders[1], [0.5, 0.5001] * 8)
        table = compare_scores(ordered(folders))
        return [c.text for row in table.rows for c in row if c.style == "best"]

    assert marked(600) == []
    (same := make_run("same", ["x=one"], score=0.95, **{"test/gallery": 600}))
    write_queries(same, [1.0, 0.9] * 8)
    other = make_run("other", ["x=two"], score=0.5, **{"test/gallery": 600})
    write_queries(other, [0.5, 0.5001] * 8)
    table = compare_scores(ordered([same, other]))
    assert "95.0" in [c.text for row in table.rows for c in row if c.style == "best"]


def test_what_is_the_same_is_said_once_and_what_differs_is_a_column(make_run: MakeRun) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.5, retrieval="flip+rerank", trained_on="msmt17"),
        make_run("b", ["x=two"], score=0.4, retrieval="none", trained_on="msmt17"),
    ]
    rows = ordered(folders)
    shared, differing = facts_of(rows)
    assert shared["trained on"] == "msmt17" and shared["AP"] == "step"
    assert shared["scored on"] == "mine" and shared["validated on"] == "20 held-out"
    assert differing == {"steps of retrieval": ["[flip, rerank]", "none"]}
    assert column(compare_scores(rows), "steps of retrieval") == ["[flip, rerank]", "none"]


def test_a_training_says_what_it_was_trained_on(make_run: MakeRun) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.5),
        make_run("b", ["x=two"], score=0.4, trained_on=None, checkpoint=None),
    ]
    assert facts_of(ordered(folders))[1]["trained on"] == ["mine", None]


def test_there_is_no_column_of_dashes(make_run: MakeRun) -> None:
    results = {"val/mAP": None, "seconds": None, "validated_on": None}
    folders = [make_run(x, [f"x={x}"], **results) for x in ("one", "two")]
    table = compare_scores(ordered(folders))
    assert not {"val/mAP", "minutes", "validated on"} & set(texts(table.head))


def test_scores_of_ones_own_have_columns(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=one"], **{"test/rank20": 0.75}), make_run("b", ["x=two"])]
    assert sorted(column(compare_scores(ordered(folders)), "rank20")) == ["75.0", "–"]


def test_runs_validated_on_different_identities_are_compared_by_test_scores(
    make_run: MakeRun,
) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.4, **{"val/mAP": 0.9}),
        make_run("b", ["x=two"], score=0.5, validated_on="383 held-out"),
    ]
    assert column(compare_scores(ordered(folders)), "run") == ["two", "one"]


def test_what_networks_cost_is_compared_where_they_differ(make_run: MakeRun) -> None:
    cost = {"parameters": 2_226_432, "gmacs": 0.1966, "embedding_size": 1280}
    folders = [
        make_run("a", ["x=one"], score=0.5, **cost, images_per_second=35.2),
        make_run("b", ["x=two"], score=0.4, **cost | {"gmacs": 0.39312, "parameters": None}),
    ]
    table = compare_scores(ordered(folders))
    assert column(table, "GMACs") == ["0.197", "0.393"] and "images/s" not in texts(table.head)
    assert len({len(table.head), *(len(row) for row in table.rows)}) == 1
