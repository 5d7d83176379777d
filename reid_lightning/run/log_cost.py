"""The log's line of what the network costs."""

import logging

import torch
from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.models import Embedder
from reid_lightning.models.cost import Cost, network_cost

log = logging.getLogger(__name__)

_COST = (
    "The network, without the classifier: %s parameters, %s for a picture of %d × %d, embeddings "
    "of %s numbers."
)
_HALF = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def log_cost(
    config: DictConfig, model: Embedder, datamodule: ReIDDataModule, device: torch.device
) -> Cost:
    """Log what `input_cost` counts, and return it."""
    cost = input_cost(config, model, datamodule, device)
    gmacs = "GMACs unknown" if cost.gmacs is None else f"{cost.gmacs:.3g} GMACs"
    size = datamodule.height, datamodule.width
    log.info(_COST, f"{cost.parameters:,}", gmacs, *size, f"{cost.embedding_size:,}")
    return cost


def input_cost(
    config: DictConfig, model: Embedder, datamodule: ReIDDataModule, device: torch.device
) -> Cost:
    """What the network costs at the input size.

    Args:
        config: whose `trainer.precision` is taken: some networks run in half precision alone.
        model, datamodule: the network, and what has the input size.
        device: of the job.

    Raises:
        ReIDError: the network takes no pictures of that size.
    """
    half = _HALF.get(str(config.trainer.precision))
    with torch.autocast(device.type, half, enabled=half is not None):
        return network_cost(model, datamodule.height, datamodule.width, device)
