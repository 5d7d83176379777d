"""Load weights into an embedder: every tensor of the backbone, and what is said of the others."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.models.find_tensors import candidates, flat_tensors, layouts, needed
from reid_lightning.models.fit import values_problem
from reid_lightning.models.misfit import misfit
from reid_lightning.models.retrieval_head import head_of, is_a_classifiers, retrieval_problem

log = logging.getLogger(__name__)

_LISTED = 6  # names in a line of the log


class _Found(NamedTuple):
    """What a file has of a network: `tensors` by the network's names, and where they are in it."""

    tensors: dict[str, Tensor]
    names: dict[str, str]
    others: set[str]  # names in the file
    below: str
    is_checkpoint: bool  # of ours


def load_weights(model: nn.Module, source: str) -> None:
    """Fill `model` from `source`, to train it, and log which tensors do not match.

    The backbone's tensors are found by their names, below whatever prefix and in whatever dict they
    are; all of them must be there, except numbers of batches. Of an embedder's file the head is
    taken, too, where its shapes are the same; a classifier never is.

    Args:
        model: an embedder with a `backbone`. The backbone may have `pretrained`, names of weights
            → functions that read them; and `other_names`, which takes its tensors' names in the
            embedder and gives those of other frameworks: dicts of theirs → the embedder's.
        source: one of the backbone's `pretrained`, such as `imagenet`; `none`; or the path of a
            checkpoint or state dict.

    Raises:
        ReIDError: the weights are not available or not readable, or one of the backbone's is
            missing.
    """
    if source != "none":
        _fill(model, source, _find(model, source))


def load_for_retrieval(model: nn.Module, source: str) -> None:
    """Fill `model` as `load_weights` does, to embed pictures with it as it is.

    Args:
        model, source: see `load_weights`. The backbone may have `other_variant`, which takes the
            names in a file, and says why its network is another although its tensors fit.

    Raises:
        ReIDError: as `load_weights`; or `source` is `none`, or has no value for a part of the
            network that embeddings depend on.
    """
    if source == "none":
        raise ReIDError(
            "model.weights=none is random weights, which nothing can be found with: name a file, "
            "model.weights=FILE."
        )
    found, network = _find(model, source), model.state_dict()
    problem = retrieval_problem(found.tensors, found.names, network)
    backbone: Any = model.backbone
    if problem is None and hasattr(backbone, "other_variant"):
        problem = backbone.other_variant({*found.names.values(), *found.others})
    if problem:
        raise ReIDError(f"model.weights={source} cannot be scored as this network: {problem}.")
    _fill(model, source, found)
    if not any(own.startswith("neck.") for own in found.tensors) and "neck.weight" in network:
        log.info("%s has no BNNeck: retrieval is by the feature before it.", source)
    if found.is_checkpoint:
        log.warning(
            "%s is a checkpoint, perhaps of this program: as checkpoint=FILE it is scored with its "
            "own options and input size.",
            source,
        )
    if unknown := sorted(name for name in found.others if not is_a_classifiers(name)):
        log.warning(
            "%s has %d tensors that this network has no place for, such as %s: its embeddings may "
            "differ from those where it was trained.",
            *(source, len(unknown), unknown[0]),
        )


def _find(model: nn.Module, source: str) -> _Found:
    backbone: Any = model.backbone
    content = _read(source, getattr(backbone, "pretrained", {}))
    tensors, network = flat_tensors(content), model.state_dict()
    names = [name for name in network if name.startswith("backbone.")]
    others = backbone.other_names(names) if hasattr(backbone, "other_names") else []
    found = [c for layout in layouts(network, others) for c in candidates(tensors, network, layout)]
    most = max((len(c.fitting) for c in found), default=0)
    whole = most == len(needed(network))
    found.sort(key=lambda c: (whole and len(c.fitting) == most, len(c.names)), reverse=True)
    if problem := misfit(tensors, network, found):
        raise ReIDError(f"model.weights={source} does not fit this network: {problem}.")
    best = found[0]
    loaded = head_of(tensors, best.names, network)
    if problem := values_problem(loaded, network):
        raise ReIDError(f"model.weights={source} cannot be used: {problem}.")
    taken = {name for own, name in best.names.items() if own in network}
    below = f" (below {best.prefix.removesuffix('.')})" if best.prefix else ""
    return _Found(loaded, best.names, tensors.keys() - taken, below, "hyper_parameters" in content)


def _fill(model: nn.Module, source: str, found: _Found) -> None:
    network = model.state_dict()
    loaded = {own: x for own, x in found.tensors.items() if own in network}
    matching = {own: x for own, x in loaded.items() if x.shape == network[own].shape}
    model.load_state_dict(matching, strict=False)
    _log_names("in the file, which are left out", found.others)
    _log_names("whose shape differs from the network's", loaded.keys() - matching.keys())
    _log_names("not in the file, which keep their initial values", network.keys() - loaded.keys())
    log.info("Loaded %d of %d tensors from %s%s.", len(matching), len(network), source, found.below)


def _log_names(description: str, names: Iterable[str]) -> None:
    listed = sorted(name for name in names if not name.endswith("num_batches_tracked"))
    if listed:
        more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        log.info("Weights %s: %s%s.", description, ", ".join(listed[:_LISTED]), more)


def _read(
    source: str, pretrained: Mapping[str, Callable[[], Mapping[str, Any]]]
) -> Mapping[str, Any]:
    if source in pretrained:
        return pretrained[source]()
    path = Path(source)
    if not path.exists():
        *first, last = [*pretrained, "none", "an existing file"]
        raise ReIDError(
            f"model.weights={source} is neither {', '.join(first)} nor {last}"
            + ("" if pretrained else ": this network has no pretrained weights of its own")
            + "."
        )
    return load_file(path)
