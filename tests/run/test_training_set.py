"""Which pictures exports are compared and quantized with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_lightning import ReIDError
from reid_lightning.run.trained import Trained
from reid_lightning.run.training_set import pictures_to_compare, training_set


def trained(**known: Any) -> Trained:
    no_network: Any = None
    return Trained(no_network, Path(), 32, 16, "cosine", b"", **known)


def test_it_is_the_set_that_the_checkpoint_names_with_its_people_held_out(tiny_set: Path) -> None:
    options = [f"data.root={tiny_set}", "data.draw=null"]
    datamodule = training_set(trained(data="synthetic", val_identities=4), None, options)
    assert datamodule.folder.validated_on == "4 held-out training identities"
    assert len({s.pid for s in datamodule.folder.used.train}) == 12
    assert (datamodule.height, datamodule.width) == (32, 16)
    pixels, which = pictures_to_compare(trained(data="synthetic"), None, options)
    assert pixels.shape == (64, 32, 16, 3) and which == "64 training pictures of synthetic"
    assert len(np.unique(pixels.numpy().reshape(64, -1), axis=0)) == 64


@pytest.mark.parametrize("data", [None, "synthetic", "synthetic data.root=x"])
def test_without_the_set_people_are_drawn(
    data: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REID_DATA", str(tmp_path / "none"))
    pixels, which = pictures_to_compare(trained(data=data), None, [])
    assert len(np.unique(pixels.numpy().reshape(64, -1), axis=0)) == 64
    assert which == "64 drawn pictures" and not list(tmp_path.iterdir())


def test_a_set_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="There is no data set at"):
        pictures_to_compare(trained(), "market1501", [f"data.root={tmp_path / 'none'}"])
    with pytest.raises(ReIDError, match="The training set is mine, which no file of conf/data/"):
        training_set(trained(data="mine"), None, [])
