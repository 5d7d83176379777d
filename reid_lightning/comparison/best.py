"""Whether the best of several settings is better than the second, or only happened to be."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reid_lightning.comparison.compare import compare
from reid_lightning.comparison.over_identities import Interval
from reid_lightning.errors import ReIDError


class Lead(NamedTuple):
    """How far the first is ahead of the second in mAP, with the 95% interval that decides.

    `over` says of what: `seeds` where both have several, `identities` where both have one.
    """

    difference: float
    interval: Interval
    over: str

    @property
    def is_clear(self) -> bool:
        """Whether the first may be marked as the best."""
        return self.interval.low > 0


def lead_of_first(first: Sequence[Path], second: Sequence[Path]) -> Lead | None:
    """The lead of the first over the second; None where they cannot be compared.

    Several seeds of one are no match for a single seed of the other.

    Args:
        first, second: the folders of finished runs, those of each side by their seeds.
    """
    try:
        done = compare(a=second, b=first)
    except ReIDError:
        return None
    m_ap = done.differences["mAP"]
    if m_ap.over_seeds is not None:
        return Lead(m_ap.difference, m_ap.over_seeds, "seeds")
    if len(done.a) == len(done.b) == 1 and m_ap.over_identities is not None:
        return Lead(m_ap.difference, m_ap.over_identities, "identities")
    return None
