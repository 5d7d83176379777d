"""Why a file cannot be the weights of a backbone, in a sentence that says which kind it is."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from reid_lightning.models.find_tensors import Candidate, needed

_HEAD = 8  # tensors of a classifier's file, at most


def misfit(
    tensors: Mapping[str, Tensor], network: Mapping[str, Tensor], found: Sequence[Candidate]
) -> str | None:
    """What is wrong with the best reading of a file; None if it has the whole backbone.

    Args:
        tensors: the file's.
        network: the embedder's.
        found: every reading of the file, the best first.

    Returns:
        The end of a sentence about the file.
    """
    wanted = needed(network)
    if not found or not (there := [name for name in wanted if name in found[0].names]):
        return _of_another(tensors, len(wanted))
    best = found[0]
    missing = [name for name in wanted if name not in best.names]
    wrong = [name for name in there if name not in best.fitting]
    if missing and (parts := _prefixes(found, wanted)):
        return (
            f"it is wrapped wrongly: the backbone's tensors lie in it under {' and '.join(parts)}, "
            "and are read from below one prefix"
        )
    if missing and (wrong or best.extra):
        return (
            f"it is of another network: of the backbone's {len(wanted)} tensors it lacks "
            f"{len(missing)}, such as {missing[0]}, and "
            + (
                f"{_shapes(tensors, network, best, wrong)}"
                if wrong
                else f"has others, such as {best.extra[0]}"
            )
        )
    if missing:
        return (
            f"it is partial: {len(missing)} of the backbone's {len(wanted)} tensors are not in it, "
            f"such as {missing[0]}"
        )
    if wrong:
        return (
            "it is of this network in another width or variant: "
            f"{_shapes(tensors, network, best, wrong)}"
        )
    if best.extra:
        return (
            f"it is of another, larger network: among the backbone's tensors it has "
            f"{len(best.extra)} more, such as {best.extra[0]}"
        )
    if rival := _rival(best, found, len(wanted)):
        return (
            f"it holds this network twice, under {_shown(best.prefix)} and {_shown(rival.prefix)}: "
            "save the one that is meant in a file of its own"
        )
    return None


def _of_another(tensors: Mapping[str, Tensor], count: int) -> str:
    if not tensors:
        return "it holds no tensors"
    first = next(iter(tensors))
    if len(tensors) <= _HEAD and all(tensor.dim() <= 2 for tensor in tensors.values()):
        return f"it is a classifier only ({', '.join(tensors)}), and no backbone"
    return (
        f"it is of another network: none of the backbone's {count} tensors is in it by name; its "
        f"own begin with {first}"
    )


def _shapes(
    tensors: Mapping[str, Tensor],
    network: Mapping[str, Tensor],
    best: Candidate,
    wrong: Sequence[str],
) -> str:
    first = wrong[0]
    has, expected = list(tensors[best.names[first]].shape), list(network[first].shape)
    return f"{len(wrong)} have other shapes, such as {first} with {has} in place of {expected}"


def _prefixes(found: Sequence[Candidate], wanted: Sequence[str]) -> list[str]:
    """The prefixes that have the whole backbone between them, if there are any such."""
    missing, used, prefixes = set(wanted), set[str](), list[str]()
    for candidate in found:
        names = {own: name for own, name in candidate.names.items() if name not in used}
        if more := missing & candidate.fitting & names.keys():
            prefixes.append(_shown(candidate.prefix))
            missing -= more
            used |= {names[own] for own in more}
    return [] if missing else prefixes


def _rival(best: Candidate, found: Sequence[Candidate], count: int) -> Candidate | None:
    used = {best.names[own] for own in best.fitting}
    for other in found[1:]:
        if len(other.fitting) == count and {other.names[own] for own in other.fitting} != used:
            return other
    return None


def _shown(prefix: str) -> str:
    return prefix.removesuffix(".") or "no prefix"
