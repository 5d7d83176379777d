"""The log's line of what the network costs."""

import logging

import torch

from reid_lightning.data import ReIDDataModule
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.models import Embedder
from reid_lightning.models.cost import Cost, network_cost

log = logging.getLogger(__name__)

_COST = (
    "The network, without the classifier: %s parameters, %s for a picture of %d × %d, embeddings "
    "of %s numbers."
)


def log_cost(
    model: Embedder | OnnxNetwork, datamodule: ReIDDataModule, device: torch.device
) -> Cost:
    """Count what the network costs at the input size, and log it.

    Args:
        model: the network.
        datamodule: what has the input size.
        device: of the job.

    Raises:
        ReIDError: the network takes no pictures of that size.
    """
    size = datamodule.height, datamodule.width
    if isinstance(model, OnnxNetwork):
        model.check_size(*size)
        cost = model.cost
    else:
        cost = network_cost(model, *size, device)
    gmacs = "GMACs unknown" if cost.gmacs is None else f"{cost.gmacs:.3g} GMACs"
    log.info(_COST, f"{cost.parameters:,}", gmacs, *size, f"{cost.embedding_size:,}")
    return cost
