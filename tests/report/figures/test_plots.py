"""The lines, points and bars of the pictures against the runs that they show."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from reid_lightning.report.figures.curves import cmc_curves, learning_curves
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.figures.score_plot import score_plot
from reid_lightning.report.figures.style import line_style
from reid_lightning.results.runs import Run, read_runs
from tests.run_folders import MakeRun, findings


@pytest.fixture
def runs(make_run: MakeRun) -> list[Run]:
    scores = {"one": 0.4, "two": 0.6, "three": None}
    return read_runs([make_run(n, [f"x={n}"], score=s) for n, s in scores.items()])


def rendered(figure: Figure | None) -> Figure:
    assert figure is not None
    figure.savefig("/dev/null", format="png")
    return figure


def test_every_run_is_a_line_of_each_learning_curve(runs: list[Run]) -> None:
    figure = rendered(learning_curves(runs))
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert set(panels) == {"val/mAP (%)", "val/rank1 (%)", "train/loss"}, (
        "the metrics that were logged"
    )
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines] == ["one", "two", "three"]
    np.testing.assert_allclose(panels["val/mAP (%)"].lines[0].get_ydata(), [20, 30])
    np.testing.assert_allclose(panels["train/loss"].lines[0].get_xdata(), [1, 2])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two", "three"]


def test_cmc_curves_show_the_tested_runs_the_best_first(runs: list[Run]) -> None:
    better = runs[1]._replace(first_match=torch.tensor([1, 1, 3]))
    worse = runs[0]._replace(first_match=torch.tensor([1, 3, 0, 40]))
    (axes,) = rendered(cmc_curves([worse, better, runs[2]])).axes
    assert [line.get_label() for line in axes.lines] == ["66.7%  two", "33.3%  one"]
    np.testing.assert_allclose(axes.lines[1].get_ydata()[:3], [100 / 3, 100 / 3, 200 / 3])


def test_a_run_has_the_same_colour_in_both_figures(runs: list[Run]) -> None:
    curve, cmc = rendered(learning_curves(runs)).axes[0], rendered(cmc_curves(runs)).axes[0]
    colors = {line.get_label(): line.get_color() for line in curve.lines}
    assert {
        line.get_label().split()[-1]: line.get_color() for line in cmc.lines
    }.items() <= colors.items()


def test_scores_are_in_the_order_of_the_runs(runs: list[Run]) -> None:
    (axes,) = rendered(score_plot(runs)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"]
    values = {c.get_label(): c.get_offsets()[:, 0].tolist() for c in axes.collections}
    assert values == {"val/mAP": [20, 30], "test/mAP": [40, 60], "test/rank1": [40, 60]}
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "from top to bottom"


def test_a_score_of_zero_has_a_marker(runs: list[Run]) -> None:
    zero = runs[0]._replace(results=runs[0].results | {"test/rank1": 0.0})
    (axes,) = rendered(score_plot([zero, runs[1]])).axes
    values = {c.get_label(): c.get_offsets()[:, 0].tolist() for c in axes.collections}
    assert values["test/rank1"] == [0, 60]


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


def test_without_data_there_is_no_picture(tmp_path: Path, runs: list[Run]) -> None:
    run_findings = findings(tmp_path)
    assert distance_plot(run_findings._replace(positive=torch.empty(0))) is None
    four_pictures = run_findings._replace(
        embeddings=torch.eye(4), pids=torch.arange(4), camids=torch.zeros(4)
    )
    assert embedding_map(four_pictures) is None
    assert embedding_map(run_findings._replace(embeddings=torch.zeros(24, 3))) is None, (
        "collapsed embeddings"
    )
    assert score_plot(runs[2:]) is cmc_curves(runs[2:]) is None
    assert learning_curves([runs[0]._replace(rows=[])]) is None


def test_names_are_shown_unchanged(runs: list[Run]) -> None:
    odd = [runs[0]._replace(name="a=$x_$b"), runs[1]._replace(name="_hidden")]
    figure = rendered(learning_curves(odd))
    labels = [text.get_text().strip() for text in figure.legends[0].get_texts()]
    assert labels == [r"a=\$x_\$b", "_hidden"], "which matplotlib shows without the backslashes"
    rendered(score_plot(odd))
    assert len(rendered(cmc_curves(odd)).legends[0].get_texts()) == 2


def test_twenty_eight_lines_have_different_styles() -> None:
    styles = {(s["color"], s["linestyle"]) for s in map(line_style, range(28))}
    assert len(styles) == 28
