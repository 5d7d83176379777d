"""A trained network from its checkpoint, without running or looking up anything that it names."""

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

from hydra.utils import get_method, instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning import __version__
from reid_lightning.distances import RankingDistance
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.models import Embedder
from reid_lightning.models.networks import (
    NETWORKS,
    Constructor,
    UnfitCheckpointError,
    build_trained,
)
from reid_lightning.run.typed_command import typed_command
from reid_lightning.signatures import Size, check_argument

# Version 0.1 kept the address of a network's constructor as `_target_` in the group `model`, and
# 0.2 its name as `name`, which is an option of `model=timm`.
_NAMES_OF_0_1 = {"reid_lightning.models.mobilenet_v2": "mobilenet_v2"}
_PLAIN = (bool, int, float, str, type(None))


class Trained(NamedTuple):
    """A network, and what else an evaluation needs to know of it.

    Args:
        model: the network.
        source: the file of its constructor.
        height, width: of its input, in pixels.
        distance: to rank by.
        digest: of its weights and options.
        data: the name of its training set, where that is known.
        val_identities: how many people were held out of it.
        weights: what was named as `model.weights`, where there is no checkpoint of ours.
        weights_sha256: of that file.
        seed: of the training, where that is known.
        settings: a digest of those that it was trained with, the same for every seed.
    """

    model: Embedder | OnnxNetwork
    source: Path
    height: int
    width: int
    distance: RankingDistance
    digest: bytes
    data: str | None = None
    weights: str | None = None
    weights_sha256: str | None = None
    seed: int | None = None
    settings: str | None = None
    val_identities: int = 0


def load_trained(path: Path, own_network: DictConfig | Constructor | None = None) -> Trained:
    """The network of a checkpoint that train.py wrote.

    Args:
        path: of the checkpoint, which may come from a stranger: it gives plain values alone.
        own_network: of the user, not in `NETWORKS`: its constructor, whose plain arguments are the
            checkpoint's, or a configuration that names it.

    Raises:
        ReIDError: there is no file at `path`, it is not a checkpoint of train.py, or its network
            is not known.
    """
    content = _read(path)
    config, weights = content["hyper_parameters"], content["state_dict"]
    try:
        values = _group(config, "model")
        if "network" in config:
            name = _checked(config, "network", str)
        else:
            name = _checked({"name": values.pop("name", values.pop("_target_", None))}, "name", str)
        if own_network is not None and _NAMES_OF_0_1.get(name, name) in NETWORKS:
            raise ReIDError(f"{path} is of reid-lightning's own network {name}: leave model= out.")
        constructor: Constructor
        if own_network is None:
            constructor = _known(path, _NAMES_OF_0_1.get(name, name))
        elif isinstance(own_network, DictConfig):
            constructor, values = _of_the_user(own_network, values)
        else:
            constructor = own_network
        prefix = "model."
        tensors = {
            str(n).removeprefix(prefix): x for n, x in weights.items() if str(n).startswith(prefix)
        }
        model = build_trained(constructor, values, tensors)
        data, metric = _group(config, "data"), _group(config, "metric")
        return Trained(
            model,
            Path(inspect.getsourcefile(inspect.unwrap(constructor)) or ""),
            _checked(data, "height", int, Size),
            _checked(data, "width", int, Size),
            _checked(metric, "distance", str, RankingDistance),
            checkpoint_digest(path, own_network),
            _checked(data, "name", str),
            seed=_kept(config, "seed", int),
            settings=_kept(config, "settings", str),
            val_identities=_kept(data, "val_identities", int) or 0,
        )
    except UnfitCheckpointError as error:
        raise ReIDError(
            f"{path} cannot be used as a checkpoint: {error}. It was changed, or written by "
            f"another version of reid-lightning{_version(config)}."
        ) from error


def checkpoint_digest(path: Path, own_network: DictConfig | Constructor | None = None) -> bytes:
    """The digest of the network in a checkpoint, see `Trained`."""
    return hashlib.blake2b(path.read_bytes()).digest() + options_digest(own_network)


def options_digest(network: DictConfig | Constructor | None) -> bytes:
    """A digest of a configured network's options: some, such as strides, change no tensor."""
    configured = isinstance(network, DictConfig)
    options = OmegaConf.to_container(network, resolve=True) if configured else None
    return hashlib.blake2b(repr(options).encode()).digest()


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ReIDError(f"{path} is a folder: name a checkpoint in it, checkpoints/best.ckpt.")
    if not path.exists():
        raise ReIDError(f"The checkpoint {path} does not exist.")
    content = load_file(path)
    config = content.get("hyper_parameters")
    if not isinstance(config, Mapping) or "model" not in config:
        raise ReIDError(
            f"{path} is not a checkpoint of reid-lightning (it holds no configuration): train with "
            "model.weights=FILE to start from other weights, or score them by model=NAME "
            "model.weights=FILE."
        )
    if not isinstance(content.get("state_dict"), Mapping):
        raise ReIDError(f"{path} holds no weights: it is not a checkpoint of a training.")
    return content


def _group(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A group of the kept configuration, as a new dict."""
    group = config.get(name)
    if not isinstance(group, Mapping) or not all(isinstance(key, str) for key in group):
        raise UnfitCheckpointError(f"its configuration has no group {name}")
    return dict(group)


def _checked(group: Mapping[str, Any], key: str, kind: type, hint: Any = Any) -> Any:
    """A value of a file: nothing is done with it until its type is known, lists without end too."""
    value = group.get(key)
    if type(value) is not kind:
        shown = short(value)
        raise UnfitCheckpointError(f"{key}={shown} of its configuration is no {kind.__name__}")
    try:
        check_argument(key, value, hint)
    except ReIDError as error:
        raise UnfitCheckpointError(f"of its configuration, {str(error).rstrip('.')}") from error
    return value


def _kept(config: Mapping[str, Any], key: str, kind: type) -> Any:
    """A value that earlier versions did not keep; None where it is no number or digest."""
    value = config.get(key)
    fits = abs(value) < 2**63 if type(value) is int else type(value) is str and len(value) <= 64
    return value if fits and type(value) is kind else None


def _version(config: Mapping[str, Any]) -> str:
    made_by = config.get("version")
    if not isinstance(made_by, str) or made_by == __version__:
        return ""
    return f" ({made_by[:20]}; this is {__version__})"


def _known(path: Path, name: str) -> Constructor:
    if name not in NETWORKS:
        raise ReIDError(
            f"{path} is a checkpoint of a network that reid-lightning does not have ({name!r}): "
            "name its configuration, which is not taken from the file: "
            f"{typed_command('evaluate')} checkpoint={path} model=NAME_OF_YOUR_YAML "
            "(from Python: load_model(…, model=ITS_FUNCTION))"
        )
    return NETWORKS[name]


def _of_the_user(
    network: DictConfig, values: Mapping[str, Any]
) -> tuple[Constructor, dict[str, Any]]:
    """The user's constructor, and its arguments: plain ones from `values`, others as configured."""
    arguments: dict[str, Any] = {}
    for key in network:
        kept = values.get(str(key))
        if OmegaConf.is_config(network[key]):
            arguments[str(key)] = instantiate(network[key])
        elif key != "_target_":
            plain = str(key) in values and type(kept) in _PLAIN
            arguments[str(key)] = kept if plain else network[key]
    return get_method(network._target_), arguments
