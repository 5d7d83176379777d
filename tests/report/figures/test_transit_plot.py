from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.image import imread

from reid_lightning.errors import ReIDError
from reid_lightning.report.figures.transit_plot import plot_distributions
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal


@pytest.mark.parametrize("cameras", [2, 6, 8])
def test_a_readable_picture_is_written(cameras: int, tmp_path: Path) -> None:
    g = torch.Generator().manual_seed(0)
    pids, camids = torch.randint(1, 60, (900,), generator=g), torch.arange(900) % cameras
    times = torch.randint(0, 90_000, (900,), generator=g)
    plot_distributions(SpatialTemporal.fit(pids, camids, times), tmp_path / "times.png")
    picture = imread(tmp_path / "times.png")
    assert picture.shape[1] >= 500 and picture.shape[0] >= 250
    # Nothing is cut off: the border is white, and both directions' colours are there.
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    assert all((edge[..., :3] > 0.9).all() for edge in edges)
    for color in ((0.0, 0x72, 0xB2), (0xE6, 0x9F, 0.0)):
        near = abs(picture[..., :3] - np.array(color) / 255).max(-1) < 0.02
        assert near.sum() > 50


def test_an_empty_pair_has_no_panel(tmp_path: Path) -> None:
    table = torch.zeros(3, 3, 5000)
    table[1, 0, :9] = 1 / 9
    plot_distributions(SpatialTemporal(table, torch.arange(3)), tmp_path / "one.png")
    plot_distributions(SpatialTemporal(table[:2, :2], torch.arange(2)), tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_empty_distributions_are_reported(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="empty"):
        model = SpatialTemporal(torch.zeros(3, 3, 5000), torch.arange(3))
        plot_distributions(model, tmp_path / "none.png")


def test_many_cameras_give_a_picture_of_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_lightning.report.figures.transit_plot._MOST_PANELS", 3)
    labels = list[str]()
    monkeypatch.setattr(Figure, "supxlabel", lambda self, text, **_: labels.append(text))
    camids = torch.arange(6) * 1000
    plot_distributions(SpatialTemporal.fit(camids * 0 + 1, camids, camids), tmp_path / "some.png")
    assert labels[0].endswith("12 more pairs of cameras are not shown")
