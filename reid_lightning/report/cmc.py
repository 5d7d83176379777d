"""The CMC curve: how often a right picture is among the first k, for every k."""

from reid_lightning.metrics.ranking import QueryResults


def cmc_curve(results: QueryResults, ranks: int = 50) -> list[float]:
    """Rank-1 … Rank-`ranks`: the share of valid queries whose first match is among the first k."""
    first = results.first_match[results.matches > 0]
    return [float((first <= k).double().mean()) for k in range(1, ranks + 1)]
