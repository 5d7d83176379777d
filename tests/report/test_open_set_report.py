"""The open-set scores of evaluations, in a report: a table and DET curves of their own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from run_folders import MakeRun

from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.report.figures.det_plot import compare_det, det_plot
from reid_lightning.report.figures.style import save_png
from reid_lightning.report.page import write_report
from reid_lightning.report.rows import rows_of
from reid_lightning.results.open_set import write_det_curves
from reid_lightning.results.runs import read_runs

CURVE = DetCurve(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.75, 0.25, 0.0]))
OTHER = DetCurve(torch.tensor([0.0, 0.25, 1.0]), torch.tensor([0.5, 0.25, 0.0]))
SCORES = {
    "test/openset/FNIR_rank1_FPIR1": 0.75,
    "test/openset/FNIR_rank1_FPIR10": 0.5,
    "test/openset/FNIR_rank20_FPIR1": 0.625,
    "test/openset/FNIR_rank20_FPIR10": 0.375,
    "test/openset/TAR_FAR0.1": 0.125,
    "test/openset/TAR_FAR1": 0.25,
}


def test_there_is_a_line_for_each_rank_in_per_cent(tmp_path: Path) -> None:
    figure = det_plot({1: CURVE, 20: CURVE})
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["rank 1", "rank 20"]
    assert axes.lines[0].get_xdata().tolist() == [0, 50, 100]
    assert axes.lines[0].get_ydata().tolist() == [75, 25, 0]
    save_png(figure, tmp_path / "det.png", dpi=50)
    assert (tmp_path / "det.png").stat().st_size > 1000


def test_seeds_are_one_line_at_every_rate_of_any_of_them(make_run: MakeRun, tmp_path: Path) -> None:
    for seed, curve in enumerate((CURVE, OTHER)):
        run = make_run(f"s/{seed}", [f"seed={seed}"], config={"seed": seed})
        write_det_curves(run / "openset.csv", {1: curve})
    make_run("s/2", ["x=2"], config={"seed": 0, "x": 2})
    figure = compare_det(rows_of(read_runs([tmp_path / "s"])))
    assert figure is not None
    ((line,),) = [axes.lines for axes in figure.axes]
    assert np.asarray(line.get_xdata()).tolist() == [0, 25, 50, 100]
    assert np.asarray(line.get_ydata()).tolist() == [62.5, 50, 25, 0]


def test_the_report_shows_the_open_set_apart(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [
        make_run(f"sweep/{n}", [f"x={n}"], config={"seed": 0, "x": n}, **SCORES) for n in range(2)
    ]
    write_det_curves(runs[0] / "openset.csv", {1: CURVE, 20: OTHER})
    (runs[1] / "openset.csv").write_text("rank,FPIR,FNIR\n1,0,2\n")
    page = write_report([tmp_path / "sweep"], tmp_path / "report").read_text()
    assert "<h2>Open set</h2>" in page and "DET curves of the open set" in page
    assert "openset.csv is damaged" in page
    scores = (tmp_path / "report" / "scores.csv").read_text()
    assert "FNIR" not in scores and "openset" not in scores
    rows = (tmp_path / "report" / "openset.csv").read_text().splitlines()
    assert rows[0].startswith('run,"FNIR at FPIR 1%, rank 1"')
    assert rows[1].endswith("0.75,0.5,0.625,0.375,0.25,0.125")
    assert (tmp_path / "report" / "openset.svg").is_file()


def test_without_an_open_set_there_is_neither(make_run: MakeRun, tmp_path: Path) -> None:
    page = write_report([make_run("a", ["x=1"])], tmp_path / "report").read_text()
    assert "Open set" not in page and not (tmp_path / "report" / "openset.csv").exists()


@pytest.mark.parametrize("count", [1, 9])
def test_more_rows_than_colours_are_several_panels(
    count: int, make_run: MakeRun, tmp_path: Path
) -> None:
    for number in range(count):
        run = make_run(f"s/{number}", [f"x={number}"], config={"seed": 0, "x": number})
        write_det_curves(run / "openset.csv", {1: CURVE})
    figure = compare_det(rows_of(read_runs([tmp_path / "s"])))
    assert figure is not None and len(figure.axes) == -(-count // 8)
