"""The data set that a model was trained on, to compare and to quantize its exports with."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.pictures import Picture
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.synthetic import draw_synthetic
from reid_lightning.errors import ReIDError
from reid_lightning.inference.check_export import PICTURES
from reid_lightning.inference.inputs import to_pixels
from reid_lightning.run.build import build_datamodule
from reid_lightning.run.compose_group import compose_group
from reid_lightning.run.config_files import group_files
from reid_lightning.run.config_keys import DATA_TO_SCORE
from reid_lightning.run.trained import Trained

log = logging.getLogger(__name__)


def training_set(trained: Trained, name: str | None, options: Sequence[str]) -> ReIDDataModule:
    """The set that a network was trained on, with the people held out who were held out of it.

    Args:
        trained: the network, whose checkpoint may name the set: one of the files of conf/data/,
            which say where it is.
        name: of another such file; None: that of the checkpoint.
        options: of the set, as they are typed: `data.root=FOLDER`.

    Raises:
        ReIDError: it is not known which set it was.
    """
    if name is None:
        name = trained.data
        if name not in group_files("data", None):
            raise ReIDError(
                f"The training set is {name or 'not known'}, which no file of conf/data/ describes:"
                " name the set, data=market1501 (data.root=FOLDER), as in its training."
            )
    held_out = f"data.val_identities={trained.val_identities}"
    config = compose_group("data", [f"data={name}", held_out, *options], DATA_TO_SCORE)
    return build_datamodule(config, height=trained.height, width=trained.width)


def pictures_to_compare(
    trained: Trained, name: str | None, options: Sequence[str]
) -> tuple[Tensor, str]:
    """Different pictures, uint8 [64, height, width, 3], and in words which they are.

    They are of the training set where it is at hand, else drawn.

    Raises:
        ReIDError: the set that is named is not there.
    """
    try:
        datamodule = training_set(trained, name, options)
        root = datamodule.folder.root
        if name is None and root is not None and not root.is_dir():  # do not draw or extract it
            raise ReIDError(f"There is no {trained.data} at {root}.")
        pictures = [s.picture for s in datamodule.folder.used.train]
        pixels = spread_pixels(trained.height, trained.width, pictures, PICTURES)
        return pixels, f"{len(pixels)} training pictures of {datamodule.folder.name}"
    except ReIDError as error:
        if name is not None or options:
            raise
        log.info("Compared on drawn pictures. %s", error)
    with tempfile.TemporaryDirectory() as folder:
        people = draw_synthetic(Path(folder) / "people", train_identities=6, test_identities=2)
        pictures = [s.picture for s in read_market1501(people).train]
        pixels = spread_pixels(trained.height, trained.width, pictures, PICTURES)
        return pixels, f"{len(pixels)} drawn pictures"


def spread_pixels(height: int, width: int, pictures: Sequence[Picture], count: int) -> Tensor:
    """Up to `count` different pictures from all over a list, uint8 [n, height, width, 3].

    Raises:
        ReIDError: one cannot be read.
    """
    chosen = dict.fromkeys(np.linspace(0, len(pictures) - 1, count).round().astype(int).tolist())
    pixels = [to_pixels(pictures[n], height, width) for n in chosen]
    different = {x.tobytes(): x for x in pixels}
    return torch.from_numpy(np.stack([*different.values()]))
