from pathlib import Path

import torch

from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.report.figures.det_plot import det_plot
from reid_lightning.report.figures.style import save_png


def test_there_is_a_line_for_each_rank_in_per_cent(tmp_path: Path) -> None:
    curve = DetCurve(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.75, 0.25, 0.0]))
    figure = det_plot({1: curve, 20: curve})
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["rank 1", "rank 20"]
    assert axes.lines[0].get_xdata().tolist() == [0, 50, 100]
    assert axes.lines[0].get_ydata().tolist() == [75, 25, 0]
    save_png(figure, tmp_path / "det.png", dpi=50)
    assert (tmp_path / "det.png").stat().st_size > 1000
