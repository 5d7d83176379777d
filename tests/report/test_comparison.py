from pathlib import Path

from reid_lightning.report.comparison import Cell, compare_scores, compare_settings
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun


def texts(cells: list[Cell]) -> list[str]:
    return [cell.text for cell in cells]


def test_the_best_by_validation_comes_first_and_the_best_of_a_column_is_marked(
    make_run: MakeRun,
) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.5, **{"val/mAP": 0.2, "test/mINP": 0.9}),
        make_run("b", ["x=two"], score=0.4, **{"val/mAP": 0.3}),
        make_run("c", ["x=three"], score=None),
    ]
    table = compare_scores(read_runs(folders))
    assert texts(table.head)[:7] == [
        "run",
        "Rank-1",
        "Rank-5",
        "Rank-10",
        "mAP (step AP)",
        "mINP",
        "val/mAP",
    ]
    assert [texts(row)[:7] for row in table.rows] == [
        ["two", "40.0", "40.0", "40.0", "40.0", "40.0", "30.0"],
        ["one", "50.0", "50.0", "50.0", "50.0", "90.0", "20.0"],
    ]
    assert [cell.text for row in table.rows for cell in row if cell.style == "best"] == [
        *("30.0", "50.0", "50.0", "50.0", "50.0", "90.0")
    ]
    assert texts(table.rows[0])[7:] == ["20 held-out", "mine", "1.5", "0"]


def test_scores_of_ones_own_have_columns(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=one"], **{"test/rank20": 0.75}), make_run("b", ["x=two"])]
    table = compare_scores(read_runs(folders))
    column = texts(table.head).index("rank20")
    assert {texts(row)[column] for row in table.rows} == {"75.0", "–"}


def test_different_definitions_of_ap_are_named_in_every_row(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=one"]), make_run("b", ["x=two"], ap="trapezoid")]
    table = compare_scores(read_runs(folders))
    assert "mAP" in texts(table.head) and "AP" in texts(table.head)
    assert {"step", "trapezoid"} <= {cell.text for row in table.rows for cell in row}
    assert not [cell for row in table.rows for cell in row if cell.style == "best"]


def test_a_table_of_evaluations_says_what_was_trained_on(make_run: MakeRun) -> None:
    folders = [
        make_run("a", ["checkpoint=x"], score=0.5, trained_on="msmt17"),
        make_run("b", ["model.weights=y"], score=0.4, trained_on=None, checkpoint=None),
    ]
    table = compare_scores(read_runs(folders))
    column = texts(table.head).index("trained on")
    assert [texts(row)[column] for row in table.rows] == ["msmt17", "–"]


def test_a_table_of_evaluations_has_no_validation_column(make_run: MakeRun) -> None:
    results = {"val/mAP": None, "seconds": None, "retrieval": "flip+rerank"}
    table = compare_scores(read_runs([make_run("a", ["x=one"], **results)]))
    assert "val/mAP" not in texts(table.head)
    assert "flip+rerank" in texts(table.rows[0]) and "–" in texts(table.rows[0])


def test_settings_that_differ_are_listed(make_run: MakeRun, tmp_path: Path) -> None:
    one = make_run("a", ["x=one"], config={"loss": {"margin": 0.3, "mining": "hard"}, "seed": 0})
    two = make_run(
        "b", ["x=two"], config={"loss": {"margin": 0.3, "distance": "cosine"}, "seed": 0}
    )
    table = compare_settings(read_runs([one, two]))
    assert [texts(row) for row in table.rows] == [
        ["loss/mining", "hard", "–"],
        ["loss/distance", "–", "cosine"],
    ]
    single_run = compare_settings(read_runs([one]))
    assert [row[0].text for row in single_run.rows] == ["loss/margin", "loss/mining", "seed"]


def test_runs_validated_on_different_identities_are_compared_by_test_scores(
    make_run: MakeRun,
) -> None:
    folders = [
        make_run("a", ["x=one"], score=0.4, **{"val/mAP": 0.9}),
        make_run("b", ["x=two"], score=0.5, validated_on="383 held-out"),
    ]
    table = compare_scores(read_runs(folders))
    assert [row[0].text for row in table.rows] == ["two", "one"]
    assert [cell.text for row in table.rows for cell in row if cell.style == "best"] == ["50.0"] * 5


def test_no_score_is_best_among_galleries_of_different_sizes(make_run: MakeRun) -> None:
    sizes = {"one": 100, "two": 600}
    folders = [make_run(x, [f"x={x}"], **{"test/gallery": n}) for x, n in sizes.items()]
    table = compare_scores(read_runs(folders))
    assert not [cell for row in table.rows for cell in row if cell.style == "best"]


def test_evaluations_are_sorted_by_test_scores(make_run: MakeRun) -> None:
    scores = {"one": 0.4, "two": 0.6}
    folders = [make_run(x, [f"x={x}"], score=s, **{"val/mAP": None}) for x, s in scores.items()]
    assert [row[0].text for row in compare_scores(read_runs(folders)).rows] == ["two", "one"]


def test_what_networks_cost_is_compared_where_they_differ(make_run: MakeRun) -> None:
    cost = {"parameters": 2_226_432, "gmacs": 0.1966, "embedding_size": 1280}
    folders = [
        make_run("a", ["x=one"], score=0.5, **cost, images_per_second=35.2),
        make_run("b", ["x=two"], score=0.4, **cost | {"gmacs": 0.39312, "parameters": None}),
    ]
    table = compare_scores(read_runs(folders))
    column = texts(table.head).index("GMACs")
    assert texts(table.head)[column:] == ["GMACs", "minutes", "seed"]
    assert [texts(row)[column] for row in table.rows] == ["0.197", "0.393"]
    assert len({len(table.head), *(len(row) for row in table.rows)}) == 1
