from pathlib import Path

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.results.open_set import read_det_curves, write_det_curves


def test_the_curves_that_are_written_are_read(tmp_path: Path) -> None:
    fpir, fnir = torch.rand(2, 9, dtype=torch.float64).sort().values
    fpir[0] = 0
    curves = {rank: DetCurve(fpir, fnir.flip(0) / rank) for rank in (1, 20)}
    write_det_curves(path := tmp_path / "openset.csv", curves)
    read = read_det_curves(path)
    assert list(read) == [1, 20]
    for rank, curve in curves.items():
        assert all(map(torch.equal, curve, read[rank]))


@pytest.mark.parametrize(
    "text",
    [
        *("", "rank,FPIR\n1,0\n", "rank,FPIR,FNIR\n", "rank,FPIR,FNIR\n1,0,1.5\n"),
        *("rank,FPIR,FNIR\n1,0,nan\n", "rank,FPIR,FNIR\n-1,0,1\n", "rank,FPIR,FNIR\n1,0.5,1\n"),
        "rank,FPIR,FNIR\n1,0,1\n1,0.5,0.5\n1,0.25,0.2\n",
    ],
)
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "openset.csv").write_text(text)
    with pytest.raises(ReIDError, match="is damaged"):
        read_det_curves(path)
