"""Whether a file has all that embeddings depend on, behind the backbone as well."""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from reid_lightning.models.head_names import is_classifier

_CLASSIFIERS = re.compile(r"(^|\.)(classifier|fc|head|heads|head\.fc)\.(weight|bias)$")


def is_a_classifiers(name: str) -> bool:
    """Whether a tensor of any framework's is of a classifier, or a number of batches."""
    counts = name.endswith("num_batches_tracked")
    return counts or is_classifier(name) or _CLASSIFIERS.search(name) is not None


def head_of(
    tensors: Mapping[str, Tensor], names: Mapping[str, str], network: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The file's tensors by the network's names, in its shapes where they hold the same.

    A 1×1 convolution is a linear layer, without a bias as convolutions before a normalisation
    are; and a list of one number is a number.

    Args:
        tensors: the file's.
        names: the network's → the file's.
        network: the embedder's.
    """
    found = {own: _shaped(tensors[name], network.get(own)) for own, name in names.items()}
    layer, bias = found.get("embedding.weight"), network.get("embedding.bias")
    if layer is not None and bias is not None and tensors[names["embedding.weight"]].dim() == 4:
        found.setdefault("embedding.bias", torch.zeros_like(bias))
    return found


def retrieval_problem(
    found: Mapping[str, Tensor], names: Mapping[str, str], network: Mapping[str, Tensor]
) -> str | None:
    """Why the network with a file's tensors would not give the embeddings that they are for.

    Classifiers are not needed. A BNNeck that is not in the file is left as it is, since it then
    only scales; and so is GeM's exponent.

    Args:
        found: of `head_of`.
        names: the network's → the file's.
        network: the embedder's.

    Returns:
        The end of a sentence about the file.
    """
    needed = [n for n in network if not is_classifier(n) and not n.endswith("num_batches_tracked")]
    necks = {n for n in needed if _part(n) == "neck"}
    if "pool.p" in found and "pool.p" not in network:
        return f"it pools by a generalised mean ({names['pool.p']}): set model.pooling=gem"
    layers = [n for n in found if _part(n) == "embedding" and n not in network]
    if layers and necks & found.keys():
        return (
            f"it has a layer before its BNNeck ({names[layers[0]]}) that this network lacks: set "
            f"model.embedding={len(found[layers[0]])}"
        )
    for own in sorted(needed, key=necks.__contains__):  # whose size is that of all layers
        if own in found and found[own].shape != network[own].shape:
            has, expected = list(found[own].shape), list(network[own].shape)
            remedy = _size_remedy(own, has, network) if has else ""
            return f"its {names[own]} has the shape {has} in place of {expected}{remedy}"
        only_scales = own in necks and not necks & found.keys()
        if own not in found and _part(own) != "pool" and not only_scales:
            return f"it has no {own}, and a random one would be scored{_remedy(own, found)}"
    return None


def _shaped(tensor: Tensor, ours: Tensor | None) -> Tensor:
    if ours is None or tensor.layout != torch.strided or tensor.is_quantized:
        return tensor
    same = [n for n in tensor.shape if n > 1] == [n for n in ours.shape if n > 1]
    return tensor.reshape(ours.shape) if same else tensor


def _part(own: str) -> str:
    """`embedding` of embedding.weight, and of part_embeddings.0.weight."""
    first = own.partition(".")[0]
    return "embedding" if first == "part_embeddings" else first


def _size_remedy(own: str, has: Sequence[int], network: Mapping[str, Tensor]) -> str:
    if _part(own) == "embedding":
        return f": set model.embedding={has[0]}"
    heads = 1 + sum(n.startswith("part_classifiers.") and n.endswith("weight") for n in network)
    count, rest = divmod(has[0] * heads, len(network[own]))
    fits = _part(own) == "neck" and not rest and count not in (0, 2)
    return f": set model.parts={count - 1}" if fits else ""


def _remedy(own: str, found: Mapping[str, Tensor]) -> str:
    if own.startswith("part_embeddings."):
        return f": set model.parts={len({n.split('.')[1] for n in found if n.startswith('part_')})}"
    return ": set model.embedding=null" if _part(own) == "embedding" else ""
