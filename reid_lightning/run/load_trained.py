"""A trained network from its checkpoint, without running or looking up anything that it names."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any

from hydra.utils import get_method, instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning import __version__
from reid_lightning.distances import RankingDistance
from reid_lightning.errors import ReIDError
from reid_lightning.models.networks import (
    NETWORKS,
    Constructor,
    UnfitCheckpointError,
    build_trained,
    network_name,
)
from reid_lightning.run.checkpoint_file import checkpoint_digest, read_checkpoint
from reid_lightning.run.trained import Trained
from reid_lightning.run.typed_command import typed_command
from reid_lightning.signatures import Size, check_argument

# Version 0.1 kept the address of a network's constructor as `_target_` in the group `model`, and
# 0.2 its name as `name`, which is an option of `model=timm`.
_NAMES_OF_0_1 = {"reid_lightning.models.mobilenet_v2": "mobilenet_v2"}
_PLAIN = (bool, int, float, str, type(None))


class OwnNetworkError(ReIDError):
    """A checkpoint's network is not in `NETWORKS`, and nobody has named its constructor."""


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
    content = read_checkpoint(path)
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
            identities=_kept(content, "identities", str, longest=200),
            network=network_name(constructor),
            options=values,
            val_identities=_kept(data, "val_identities", int) or 0,
        )
    except UnfitCheckpointError as error:
        raise ReIDError(
            f"{path} cannot be used as a checkpoint: {error}. It was changed, or written by "
            f"another version of reid-lightning{_version(config)}."
        ) from error


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


def _kept(config: Mapping[str, Any], key: str, kind: type, longest: int = 64) -> Any:
    """A value that earlier versions did not keep; None where it is no number or short text."""
    value = config.get(key)
    fits = (
        abs(value) < 2**63 if type(value) is int else type(value) is str and len(value) <= longest
    )
    return value if fits and type(value) is kind else None


def _version(config: Mapping[str, Any]) -> str:
    made_by = config.get("version")
    if not isinstance(made_by, str) or made_by == __version__:
        return ""
    return f" ({made_by[:20]}; this is {__version__})"


def _known(path: Path, name: str) -> Constructor:
    if name not in NETWORKS:
        raise OwnNetworkError(
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
