"""The CMC curve: how often a right picture is among the first k, for every k."""

from torch import Tensor


def cmc_curve(first_match: Tensor, ranks: int = 50) -> list[float]:
    """Rank-1 … Rank-`ranks`: the share of valid queries whose first match is among the first k.

    Args:
        first_match: the rank (from 1) of each query's nearest match [queries]; 0: it has none.
    """
    first = first_match[first_match > 0]
    return [float((first <= k).double().mean()) for k in range(1, ranks + 1)]
