"""A backbone's tensors in a file of any framework, found by their names whatever wraps them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from reid_lightning.models.head_names import OWN, is_classifier, with_heads

_DEEPEST = 4  # dict in a dict in a checkpoint
_BACKBONE = "backbone."


class Candidate(NamedTuple):
    """One way to read a file: its names below a prefix, in one of the layouts.

    `names` holds the file's name for every tensor of the network's that it has, `fitting` those
    of the backbone whose shape is the network's, too. `extra` are convolutions and others that lie
    among the backbone's tensors in the file, and are not in the network.
    """

    prefix: str
    names: dict[str, str]
    fitting: frozenset[str]
    extra: tuple[str, ...]


def flat_tensors(content: Mapping[Any, object]) -> dict[str, Tensor]:
    """All tensors of a file by their names, those of nested dicts with the path to them.

    Of a checkpoint with a `state_dict` only those in it: others are of optimizers and averages.
    """
    inside = content.get("state_dict")
    return dict(_walk(inside if isinstance(inside, Mapping) else content, "", _DEEPEST))


def _walk(content: Mapping[Any, object], path: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, Tensor):
            yield path + name, value
        elif isinstance(name, str) and isinstance(value, Mapping) and depth:
            yield from _walk(value, f"{path}{name}.", depth - 1)


def needed(network: Mapping[str, Tensor]) -> list[str]:
    """The backbone's tensors that a file must have: all but the numbers of batches."""
    return [n for n in network if n.startswith(_BACKBONE) and not n.endswith("num_batches_tracked")]


def layouts(
    network: Mapping[str, Tensor], others: list[dict[str, str]]
) -> Iterator[dict[str, str]]:
    """What a file may call the network's tensors: its names → the network's.

    Args:
        network: an embedder's tensors.
        others: the same of other frameworks.
    """
    plain = {n.removeprefix(_BACKBONE): n for n in network if n.startswith(_BACKBONE)}
    yield OWN | {name: name for name in network if not is_classifier(name)}
    for backbone in (plain, *others):
        yield backbone
        yield from with_heads(backbone)


def candidates(
    tensors: Mapping[str, Tensor], network: Mapping[str, Tensor], layout: Mapping[str, str]
) -> Iterator[Candidate]:
    """The ways to read a file in one layout, one for each prefix that its names have."""
    wanted = set(needed(network))
    below: dict[str, dict[str, str]] = defaultdict(dict)
    for name in tensors:
        for prefix, rest in _splits(name):
            if rest in layout:
                below[prefix][layout[rest]] = name
    firsts = {rest.partition(".")[0] for rest, own in layout.items() if own in wanted}
    for prefix, names in below.items():
        fitting = frozenset(
            own for own in wanted & names.keys() if tensors[names[own]].shape == network[own].shape
        )
        known = set(names.values())
        others = [name for name in tensors if name not in known]
        apart = any(not name.startswith(prefix) for name in others)
        extra = [
            name
            for name in others
            if name.startswith(prefix)
            and not name.endswith("num_batches_tracked")
            and _among(name.removeprefix(prefix), firsts, apart and tensors[name].dim() > 2)
        ]
        yield Candidate(prefix, names, fitting, tuple(extra))


def _among(rest: str, firsts: set[str], convolution: bool) -> bool:
    first = rest.partition(".")[0]
    return first in firsts or first.isdigit() or convolution


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """`a.b.c` → ("", "a.b.c"), ("a.", "b.c"), ("a.b.", "c")."""
    start = 0
    while True:
        yield name[:start], name[start:]
        if not (dot := name.find(".", start) + 1):
            return
        start = dot
