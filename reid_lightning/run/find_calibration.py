"""The calibration of a model: of its run's folder, or of a file that is named."""

from pathlib import Path
from typing import NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.calibration_file import (
    CALIBRATION_FILE,
    parse_calibration,
    read_calibration,
)
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.run.paths import expand_home

HOW_TO_CALIBRATE = "train with data.val_identities=100"


class NotCalibrated(NamedTuple):
    """Why it is not known what similarities mean, or how to get to know it."""

    reason: str

    def __str__(self) -> str:
        return f"not calibrated: {self.reason}"


def find_calibration(
    model: EmbeddingModel, checkpoint: str | Path | None, named: str | Path | None
) -> Calibration | NotCalibrated:
    """What similarities of a model mean.

    An exported file has its calibration in it.

    Args:
        model: as it was loaded.
        checkpoint: which it was loaded from: the folder of a run, or a file in its `checkpoints`.
        named: the file to read; None: `calibration.json` in the run's folder.

    Raises:
        ReIDError: the file that is named cannot be read, or is another model's.
    """
    if named is not None:
        return _read(Path(expand_home(str(named))), model)
    if isinstance(model.network, OnnxNetwork):
        return _of_export(model.network, model)
    if checkpoint is None:
        return NotCalibrated(HOW_TO_CALIBRATE)
    path = Path(expand_home(str(checkpoint)))
    found = (path if path.is_dir() else path.absolute().parent.parent) / CALIBRATION_FILE
    if not found.is_file():
        return NotCalibrated(HOW_TO_CALIBRATE)
    try:
        return _read(found, model)
    except ReIDError as error:  # nobody has asked for it
        return NotCalibrated(str(error).removesuffix("."))


def _of_export(network: OnnxNetwork, model: EmbeddingModel) -> Calibration | NotCalibrated:
    """What the file says, whose bytes its digest is of."""
    facts = network.facts
    if facts.calibration is None:
        kind = facts.quantize or facts.dtype
        changed = "" if kind == "float32" else f"{kind} changes similarities; "
        return NotCalibrated(f"{changed}{HOW_TO_CALIBRATE}, and export that run")
    found = parse_calibration(facts.calibration, network.name)._replace(model=model.digest)
    found.check(network.name, model)
    return found


def _read(path: Path, model: EmbeddingModel) -> Calibration:
    calibration = read_calibration(path)
    calibration.check(path, model)
    return calibration
