from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from reid_lightning.report.figures.heat_map import plot_heat_map, score_grid, write_heat_map

X, Y = "loss.margin", "loss.label_smoothing"


def row(x: str, y: str, val: float | None, test: float | None = None) -> dict[str, Any]:
    scores = {"val/mAP": val, "test/mAP": test, "validated_on": "official" if val else None}
    return {X: x, Y: y} | scores | {"status": "finished", "folder": f"{x}{y}"}


def rows() -> list[dict[str, Any]]:
    """Two margins (10 as text sorts before 9) and three smoothings, one of them failed."""
    scores = {("9", "0"): 0.1, ("9", "0.1"): 0.2, ("9", "0.2"): None}
    scores |= {("10", "0"): 0.3, ("10", "0.1"): 0.4, ("10", "0.2"): 0.55}
    return [row(x, y, score) for (x, y), score in scores.items()][::-1]


def test_values_are_in_numerical_order_and_a_failed_job_has_no_score() -> None:
    grid = score_grid(rows())
    assert grid is not None and grid.score == "val/mAP in % (official)"
    assert (grid.x, grid.xs, grid.y, grid.ys) == (X, ["9", "10"], Y, ["0", "0.1", "0.2"])
    np.testing.assert_allclose(grid.cells, [[10, 30], [20, 40], [np.nan, 55]])


def test_without_validation_the_test_score_is_shown() -> None:
    pairs = [(x, y) for x in ("1", "2") for y in ("0", "1")]
    grid = score_grid([row(x, y, None, 0.4) for x, y in pairs])
    assert grid is not None and grid.score == "test/mAP in %" and np.all(grid.cells == 40)


@pytest.mark.parametrize("case", ["no number", "a third key", "one key", "a pair twice", "a gap"])
def test_a_sweep_that_is_not_a_grid_of_two_numbers_has_no_picture(
    case: str, tmp_path: Path
) -> None:
    swept = {
        "no number": [
            *rows(),
            row("soft", "0", 0.1),
            row("soft", "0.1", 0.1),
            row("soft", "0.2", 0.1),
        ],
        "a third key": [{"seed": str(i), **r} for i, r in enumerate(rows())],
        "one key": [{k: v for k, v in r.items() if k != X} for r in rows()],
        "a pair twice": [*rows(), row("9", "0", 0.3)],
        "a gap": rows()[:-1],
    }[case]
    assert write_heat_map(swept, tmp_path) is None and not list(tmp_path.iterdir())


def test_without_any_score_there_is_no_grid() -> None:
    assert score_grid([r | {"val/mAP": None} for r in rows()]) is None


def test_every_cell_shows_its_score_legibly_and_the_best_is_framed() -> None:
    grid = score_grid(rows())
    assert grid is not None
    axes = plot_heat_map(grid).axes[0]
    texts = {text.get_position(): text for text in axes.texts}
    rows_shown = [[texts[x, y].get_text() for x in (0, 1)] for y in (0, 1, 2)]
    assert rows_shown == [["10.0", "30.0"], ["20.0", "40.0"], ["no result", "55.0"]]
    shades = axes.images[0].to_rgba(np.nan_to_num(grid.cells))[..., :3]
    for (x, y), text in texts.items():
        if text.get_text() != "no result":
            assert contrast(shades[y, x], to_rgb(text.get_color())) > 4.5, "WCAG 2, level AA"
    framed = [p.get_xy() for p in axes.patches if isinstance(p, Rectangle) and not p.get_hatch()]
    assert framed == [(0.5, 1.5)]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == (X, Y, grid.score)


def contrast(one: np.ndarray, two: tuple[float, float, float]) -> float:
    """WCAG 2: from 1 to 21."""
    channels = np.array([one, two])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_the_picture_is_written_beside_the_summary(tmp_path: Path) -> None:
    path = write_heat_map(rows(), tmp_path)
    assert path == tmp_path / "heat_map.png"
    height, width, _ = matplotlib.image.imread(path).shape
    assert height > 400 and width > 400
