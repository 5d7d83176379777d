"""The networks that a checkpoint may name, built from plain values that are checked first."""

import inspect
from collections.abc import Callable, Mapping
from reprlib import repr as short  # a few lists that hold each other would have no end
from typing import Any, get_args, get_origin, get_type_hints

import torch
from torch import Tensor
from typing_extensions import Unpack

from reid_lightning.models.backbones.mobilenet_v2 import mobilenet_v2_embedder
from reid_lightning.models.backbones.osnet import osnet_embedder
from reid_lightning.models.backbones.resnet50 import resnet50_embedder
from reid_lightning.models.backbones.timm_maps import timm_embedder
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.fit import weights_problem
from reid_lightning.signatures import arguments_of, required_names

Constructor = Callable[..., Embedder]

NETWORKS: dict[str, Constructor] = {
    "mobilenet_v2": mobilenet_v2_embedder,
    "osnet": osnet_embedder,
    "resnet50": resnet50_embedder,
    "timm": timm_embedder,
}


class UnfitCheckpointError(Exception):
    """What is wrong with a checkpoint's content, as the end of a sentence about it."""


def network_name(constructor: Constructor) -> str:
    """The name that checkpoints keep: that in `NETWORKS`, else the constructor's own address."""
    names = (name for name, known in NETWORKS.items() if known is constructor)
    return next(names, f"{constructor.__module__}.{constructor.__qualname__}")


def build_trained(
    constructor: Constructor, values: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Embedder:
    """A network with trained weights; nothing is built unless values and weights fit.

    Args:
        constructor: takes keyword arguments, `num_classes` among them.
        values: its arguments; `weights` is replaced, and `compile` of earlier versions left out.
        weights: of the whole network, by name.

    Raises:
        UnfitCheckpointError: a value is unknown, missing or of another type than the
            constructor's, or the weights are those of another network.
    """
    known = arguments_of(constructor)
    classifier = weights.get("classifier.weight")
    classes = len(classifier) if isinstance(classifier, Tensor) and classifier.dim() else 0
    arguments = {**values, "num_classes": classes or 1}
    if "weights" in known.hints or "weights" in values:
        arguments["weights"] = "none"
    if "compile" not in known.hints:
        arguments.pop("compile", None)
    _check_arguments(constructor, arguments)
    try:
        with torch.device("meta"):  # no memory for a network that a wrong file describes
            expected = constructor(**arguments).state_dict()
    except ModuleNotFoundError:
        raise  # an extra that is not installed is no fault of the file
    except Exception as error:  # any that a value can make a constructor raise
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise UnfitCheckpointError(f"no network can be built as it says ({reason})") from error
    if problem := weights_problem(weights, expected):
        raise UnfitCheckpointError(problem)
    network = constructor(**arguments)
    network.load_state_dict(weights)
    return network


def _check_arguments(constructor: Constructor, arguments: Mapping[str, Any]) -> None:
    known = arguments_of(constructor)
    if unknown := sorted(arguments.keys() - known.hints.keys()) if not known.open else []:
        raise UnfitCheckpointError(f"its network has no option {', '.join(unknown)}")
    parameters = inspect.signature(constructor).parameters.values()
    first = {
        p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty
    }
    required = first | set(required_names(constructor))
    if missing := sorted(required - arguments.keys()):
        raise UnfitCheckpointError(f"it does not say {', '.join(missing)} of its network")
    hints = _hints(constructor)
    for name, value in arguments.items():
        if name in hints and not _is_a(value, hints[name]):
            raise UnfitCheckpointError(f"{name}={short(value)} is no {hints[name]}")


def _hints(constructor: Constructor) -> dict[str, Any]:
    """The annotations without their ranges, those behind `Unpack` among them."""
    hints = get_type_hints(constructor)
    for hint in tuple(hints.values()):
        if get_origin(hint) is Unpack:
            hints |= get_type_hints(get_args(hint)[0])
    return hints


def _is_a(value: object, hint: Any) -> bool:
    """Whether a plain value has the type of an annotation; others than plain types allow all."""
    kinds = get_args(hint) or (hint,)
    if not all(kind in (bool, int, float, str, type(None)) for kind in kinds):
        return True
    allowed = {*kinds, int} if float in kinds else {*kinds}
    return type(value) in allowed
