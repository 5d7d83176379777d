"""Load weights into an embedder: every tensor of the backbone, and what is said of the others."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.models.find_tensors import candidates, flat_tensors, layouts, needed
from reid_lightning.models.fit import values_problem
from reid_lightning.models.misfit import misfit

log = logging.getLogger(__name__)

_LISTED = 6  # names in a line of the log


def load_weights(model: nn.Module, source: str) -> None:
    """Fill `model` from `source`, and log which tensors do not match.

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
    if source == "none":
        return
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
    loaded = {own: tensors[name] for own, name in best.names.items()}
    if problem := values_problem(loaded, network):
        raise ReIDError(f"model.weights={source} cannot be used: {problem}.")
    matching = {own: x for own, x in loaded.items() if x.shape == network[own].shape}
    model.load_state_dict(matching, strict=False)
    _log_names("in the file, which are left out", tensors.keys() - set(best.names.values()))
    _log_names("whose shape differs from the network's", loaded.keys() - matching.keys())
    _log_names("not in the file, which keep their random values", network.keys() - loaded.keys())
    below = f" (below {best.prefix.removesuffix('.')})" if best.prefix else ""
    log.info("Loaded %d of %d tensors from %s%s.", len(matching), len(network), source, below)


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
