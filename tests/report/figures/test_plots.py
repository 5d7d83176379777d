"""The lines, points and bars of the pictures against the runs that they show."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from reid_lightning.report.figures.camera_matrix import camera_matrix
from reid_lightning.report.figures.curves import cmc_curves, learning_curves
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.figures.match_plot import match_plot
from reid_lightning.report.figures.score_plot import score_plot
from reid_lightning.report.figures.style import COLUMN, MOST_LINES, line_style, row_color
from reid_lightning.report.rows import Row, rows_of
from reid_lightning.report.score_table import compare_scores, order_rows
from reid_lightning.results.per_query import Query, QueryScores
from reid_lightning.results.runs import read_runs
from tests.run_folders import MakeRun, findings


@pytest.fixture
def rows(make_run: MakeRun) -> list[Row]:
    scores = {"one": 0.4, "two": 0.6, "three": None}
    return rows_of(read_runs([make_run(n, [f"x={n}"], score=s) for n, s in scores.items()]))


def with_first(row: Row, ranks: list[float]) -> Row:
    """The row with queries whose first matches have these ranks."""
    run = row.runs[0]
    queries = [Query(f"{n}.jpg", str(n), "1", "") for n in range(len(ranks))]
    matches = np.array([int(rank > 0) for rank in ranks])
    first = np.array([rank or np.nan for rank in ranks], dtype=float)
    return row._replace(
        runs=[run._replace(queries=QueryScores(queries, matches, first, 1 / first))]
    )


def rendered(figure: Figure | None) -> Figure:
    assert figure is not None
    figure.savefig("/dev/null", format="png")
    return figure


def test_every_row_is_a_line_of_each_learning_curve(rows: list[Row]) -> None:
    figures = {name: rendered(figure) for name, figure in learning_curves(rows).items()}
    assert list(figures) == ["val/mAP", "val/rank1", "train/loss"], "the metrics that were logged"
    for figure in figures.values():
        (axes,) = figure.axes
        assert [line.get_label() for line in axes.lines] == ["one", "two", "three"]
        assert figure.get_figwidth() == COLUMN, "as wide as a column of a paper"
    np.testing.assert_allclose(figures["val/mAP"].axes[0].lines[0].get_ydata(), [20, 30])
    np.testing.assert_allclose(figures["train/loss"].axes[0].lines[0].get_xdata(), [1, 2])
    names = [text.get_text() for text in figures["val/mAP"].axes[0].get_legend().get_texts()]
    assert names == ["one", "two", "three"]


def test_seeds_are_one_line_with_a_band(rows: list[Row]) -> None:
    one, two = rows[0].runs[0], rows[1].runs[0]
    higher = [r | {"val/mAP": "0.4"} if r["val/mAP"] else r for r in two.rows]
    both = Row("both", 1, [one, two._replace(rows=higher)])
    (axes,) = rendered(learning_curves([both])["val/mAP"]).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [30, 35])
    (band,) = axes.collections
    deviations = 100 * np.std([[0.2, 0.3], [0.4, 0.4]], axis=0, ddof=1)
    lows = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    np.testing.assert_allclose(
        lows, [30 - deviations[0], max(30 + deviations[0], 35 + deviations[1])]
    )


def test_a_plot_has_eight_lines_at_most(make_run: MakeRun) -> None:
    rows = rows_of(read_runs([make_run(f"r{n}", [f"x={n}"], score=0.5) for n in range(11)]))
    for figure in (learning_curves(rows)["val/mAP"], cmc_curves(rows)):
        first, second = rendered(figure).axes
        assert [len(first.lines), len(second.lines)] == [8, 3]
        assert first.get_ylim() == second.get_ylim()
        assert len({line.get_color() for line in first.lines}) == 8


def test_cmc_curves_show_the_tested_rows(rows: list[Row]) -> None:
    better, worse = with_first(rows[1], [1, 1, 3]), with_first(rows[0], [1, 3, 0, 40])
    (axes,) = rendered(cmc_curves([worse, better, rows[2]])).axes
    assert [line.get_label() for line in axes.lines] == ["33.3%  one", "66.7%  two"]
    np.testing.assert_allclose(axes.lines[0].get_ydata()[:3], [100 / 3, 100 / 3, 200 / 3])


def test_a_row_has_the_same_colour_in_all_figures(rows: list[Row]) -> None:
    curve, cmc = learning_curves(rows)["val/mAP"].axes[0], rendered(cmc_curves(rows)).axes[0]
    colors = {line.get_label(): line.get_color() for line in curve.lines}
    assert colors == {row.name: row_color(row.number) for row in rows}
    assert {x.get_label().split()[-1]: x.get_color() for x in cmc.lines}.items() <= colors.items()
    table = compare_scores(order_rows(rows))
    assert {line[0].text: line[0].color for line in table.rows}.items() <= colors.items()
    (scores,) = rendered(score_plot(rows)).axes
    used = {c.lines[0].get_color() for c in scores.containers}
    assert used == {colors["one"], colors["two"]}


def test_scores_are_in_the_order_of_the_rows(rows: list[Row]) -> None:
    (axes,) = rendered(score_plot(rows)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"]
    points = [tuple(c.lines[0].get_xydata()[0]) for c in axes.containers]
    expected = [(40, -0.13), (60, 0.87), (40, 0.13), (60, 1.13)]
    np.testing.assert_allclose(points, expected)
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "from top to bottom"


def test_map_by_the_number_of_matches(rows: list[Row]) -> None:
    queries = [Query(f"{n}.jpg", str(n), "1", "") for n in range(13)]
    matches = np.array([1] * 6 + [7] * 6 + [30])
    ap = np.array([0.5, 0.7] * 3 + [0.2, 0.4] * 3 + [1.0])
    run = rows[0].runs[0]._replace(queries=QueryScores(queries, matches, np.ones(13), ap))
    (axes,) = rendered(match_plot([rows[0]._replace(runs=[run])])).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [60, 30])
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["1\n6", "5–9\n6"], "one query is not worth a point"
    assert match_plot(rows) is None, "all queries have one number of matches"


def test_the_matrix_of_cameras_is_the_mean_over_seeds(rows: list[Row]) -> None:
    runs = [
        rows[0]
        .runs[0]
        ._replace(camera_pairs={("1", "10"): (3, ap, 0.5), ("10", "2"): (9, 0.8, 1.0)})
        for ap in (0.2, 0.4)
    ]
    (axes,) = rendered(camera_matrix(Row("both", 0, runs))).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["1", "2", "10"]
    shown = np.asarray(axes.images[0].get_array().filled(np.nan))
    expected = np.full((3, 3), np.nan)
    expected[0, 2], expected[2, 1] = 30, 80
    np.testing.assert_allclose(shown, expected)
    assert camera_matrix(rows[2]) is None


def test_the_shares_of_each_kind_of_pair_add_up_to_one(tmp_path: Path) -> None:
    run_findings = findings(tmp_path)
    (axes,) = rendered(distance_plot(run_findings)).axes
    for patch in axes.patches:
        values, edges, _ = patch.get_data()
        assert sum(values) == pytest.approx(100)
        assert edges[0] == pytest.approx(float(run_findings.positive.min()))
        assert edges[-1] == pytest.approx(float(run_findings.negative.max()), abs=1e-5)


def test_the_map_separates_people_whose_embeddings_are_separate(tmp_path: Path) -> None:
    run_findings = findings(tmp_path)
    (axes,) = rendered(embedding_map(run_findings)).axes
    groups = [
        np.asarray(c.get_offsets()) for c in axes.collections
    ]  # person by person, two cameras
    assert len(groups) == 6 and sum(map(len, groups)) == 24
    people = [np.concatenate(groups[i : i + 2]) for i in (0, 2, 4)]
    for number, points in enumerate(people):
        others = np.concatenate([p for n, p in enumerate(people) if n != number])
        spread = np.linalg.norm(points - points.mean(0), axis=1).max()
        assert np.linalg.norm(others - points.mean(0), axis=1).min() > spread
    assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]
    second_call = np.concatenate(
        [np.asarray(c.get_offsets()) for c in embedding_map(run_findings).axes[0].collections]
    )
    np.testing.assert_array_equal(second_call, np.concatenate(groups))


def test_without_data_there_is_no_picture(tmp_path: Path, rows: list[Row]) -> None:
    run_findings = findings(tmp_path)
    assert distance_plot(run_findings._replace(positive=torch.empty(0))) is None
    four_pictures = run_findings._replace(
        embeddings=torch.eye(4), pids=torch.arange(4), camids=torch.zeros(4)
    )
    assert embedding_map(four_pictures) is None
    assert embedding_map(run_findings._replace(embeddings=torch.zeros(24, 3))) is None, (
        "collapsed embeddings"
    )
    assert score_plot(rows[2:]) is cmc_curves(rows[2:]) is match_plot(rows[2:]) is None
    silent = rows[0]._replace(runs=[rows[0].runs[0]._replace(rows=[])])
    assert learning_curves([silent]) == {}


def test_names_are_shown_unchanged(rows: list[Row]) -> None:
    odd = [rows[0]._replace(name="a=$x_$b"), rows[1]._replace(name="_hidden")]
    figure = rendered(learning_curves(odd)["val/mAP"])
    labels = [text.get_text().strip() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == [r"a=\$x_\$b", "_hidden"], "which matplotlib shows without the backslashes"
    rendered(score_plot(odd))
    assert len(rendered(cmc_curves(odd)).axes[0].get_legend().get_texts()) == 2


def test_eight_lines_have_different_styles() -> None:
    styles = {(s["color"], s["marker"]) for s in map(line_style, range(MOST_LINES))}
    assert len({color for color, _ in styles}) == len({m for _, m in styles}) == MOST_LINES == 8
