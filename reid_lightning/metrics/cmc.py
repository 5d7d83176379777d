"""The CMC curve (cumulative matching characteristics): Rank-k for every k."""

from torch import Tensor


def cmc_curve(first_match: Tensor, ranks: int = 50) -> list[float]:
    """Rank-1 … Rank-`ranks`: the share of valid queries with a match among the first k.

    Args:
        first_match: [queries], the rank (from 1) of each query's nearest match; 0 if invalid.
        ranks: length of the curve.
    """
    first = first_match[first_match > 0]
    return [float((first <= k).double().mean()) for k in range(1, ranks + 1)]
