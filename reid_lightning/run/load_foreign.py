"""A network with weights that were trained elsewhere, to be scored and used as it is."""

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.models.head_names import is_classifier
from reid_lightning.models.weights import load_for_retrieval
from reid_lightning.run.made import made
from reid_lightning.run.trained import Trained, options_digest

HEIGHT, WIDTH = 256, 128  # what most networks for people are trained at


def load_foreign(network: DictConfig) -> Trained:
    """A network of a configuration, with the weights that it names.

    Args:
        network: of the group `model`; its `weights` are a file, or a name such as `imagenet`.

    Raises:
        ReIDError: it names no weights, or they lack something that its embeddings depend on.
    """
    weights = network.get("weights")
    if not isinstance(weights, str):
        raise ReIDError(
            f"The network {network._target_} takes no model.weights: give its function a key "
            "weights to score those of others, or name a checkpoint."
        )
    plain: Any = OmegaConf.to_container(network, resolve=True)
    options = OmegaConf.create(plain | {"weights": "none"})
    model = made("model", options, Embedder, num_classes=1)
    load_for_retrieval(model, weights)
    digest = _tensors_digest(model.state_dict()) + options_digest(options)
    is_name = weights in getattr(model.backbone, "pretrained", ())
    return Trained(
        model,
        Path(inspect.getsourcefile(inspect.unwrap(get_method(network._target_))) or ""),
        HEIGHT,
        WIDTH,
        "cosine",
        digest,
        weights=weights,
        weights_sha256=None if is_name else hashlib.sha256(Path(weights).read_bytes()).hexdigest(),
    )


def _tensors_digest(tensors: Mapping[str, Tensor]) -> bytes:
    """Of all that embeddings depend on: a classifier is random."""
    digest: Any = hashlib.blake2b()
    for name, tensor in tensors.items():
        if not is_classifier(name):
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
            digest.update(tensor.contiguous().numpy())
    return bytes(digest.digest())
