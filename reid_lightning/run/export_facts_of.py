"""What an exported file is to say of the network that is in it."""

import logging
from pathlib import Path
from typing import Literal

import torch

from reid_lightning import __version__
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.calibration_file import calibration_content
from reid_lightning.inference.export_facts import ExportFacts
from reid_lightning.inference.export_graph import ExportType, Normalize
from reid_lightning.inference.model_card import is_card, read_card
from reid_lightning.models import Embedder
from reid_lightning.models.cost import network_cost
from reid_lightning.results.metrics_json import read_results
from reid_lightning.run.find_calibration import find_calibration
from reid_lightning.run.paths import expand_home
from reid_lightning.run.trained import Trained

log = logging.getLogger(__name__)


def facts_of(
    trained: Trained,
    model: EmbeddingModel,
    normalize: Normalize,
    dtype: ExportType,
    quantize: Literal["int8"] | None,
    checkpoint: str | Path | None,
) -> ExportFacts:
    """The facts of an export; a calibration is kept where similarities are, in float32.

    Args:
        trained, model: the network.
        normalize, dtype, quantize: of the export.
        checkpoint: which the network was loaded from.
    """
    assert isinstance(trained.model, Embedder)
    cost = network_cost(trained.model, model.height, model.width, torch.device("cpu"))
    same = dtype == "float32" and quantize is None
    meaning = find_calibration(model, checkpoint, None) if same else None
    return ExportFacts(
        version=__version__,
        model=model.digest,
        height=model.height,
        width=model.width,
        embedding_size=cost.embedding_size,
        normalize=normalize,
        mean=list(IMAGENET_MEAN),
        std=list(IMAGENET_STD),
        dtype=dtype,
        quantize=quantize,
        parameters=cost.parameters,
        gmacs=cost.gmacs,
        data=trained.data,
        seed=trained.seed,
        settings=trained.settings,
        scores=_known_scores(checkpoint),
        calibration=calibration_content(meaning) if isinstance(meaning, Calibration) else None,
    )


def _known_scores(checkpoint: str | Path | None) -> dict[str, float]:
    """The test scores that a card has, or a run's folder of its best checkpoint."""
    path = Path(expand_home(str(checkpoint or "")))
    if is_card(path):
        return {f"test/{name}": value for name, value in read_card(path)[0].scores.items()}
    if path.name == "best.ckpt":
        path = path.absolute().parent.parent
    results = path / "metrics.json"
    if not results.is_file():
        return {}
    try:
        content = read_results(results)
    except ReIDError as error:  # nobody has asked for it
        log.warning("The file says nothing of scores: %s", error)
        return {}
    return {k: v for k, v in content.items() if k.startswith("test/") and type(v) is float}
