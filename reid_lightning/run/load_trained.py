"""A trained network from its checkpoint alone."""

from pathlib import Path
from typing import Any, NamedTuple

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.models import Embedder

# What checkpoints of version 0.1 call today's networks.
_NAMES_OF_0_1 = {
    "reid_lightning.models.mobilenet_v2": "reid_lightning.models.mobilenet_v2_embedder",
}


class Trained(NamedTuple):
    """A network, and the configuration it was trained with."""

    model: Embedder
    config: DictConfig


def load_trained(path: Path) -> Trained:
    """The network of a checkpoint that train.py wrote, built from the configuration in it.

    Raises:
        ReIDError: there is no file at `path`, or it is not a checkpoint of train.py.
    """
    content = _read(path)
    config = OmegaConf.create(content["hyper_parameters"])
    if "state_dict" not in content:
        raise ReIDError(f"{path} holds no weights: it is not a checkpoint that train.py wrote.")
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in content["state_dict"].items()
        if name.startswith("model.")
    }
    classes = len(weights.get("classifier.weight", ()))
    name = _NAMES_OF_0_1.get(config.model._target_, config.model._target_)
    network = OmegaConf.merge(config.model, {"_target_": name, "weights": "none", "compile": False})
    model: Embedder = instantiate(network, num_classes=classes)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise ReIDError(
            f"The weights in {path} do not fit the configuration in it ({reason} …): it was "
            "written by another version of reid-lightning, or changed."
        ) from error
    return Trained(model, config)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ReIDError(f"The checkpoint {path} does not exist.")
    content = load_file(path)
    if "hyper_parameters" not in content or "model" not in content["hyper_parameters"]:
        raise ReIDError(
            f"{path} is not a checkpoint of reid-lightning (it holds no configuration): train with "
            "model.weights=FILE to start from other weights."
        )
    if not str(content["hyper_parameters"]["model"].get("_target_")).startswith("reid_lightning."):
        raise ReIDError(f"{path} names a model that is not reid-lightning's: it is not loaded.")
    return content
