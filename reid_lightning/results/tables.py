"""The tables a run prints: what a set holds, and the scores."""

from collections.abc import Mapping

from tabulate import tabulate


def counts_table(name: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    """Pictures, identities, cameras, junk and distractors of every split of the set `name`."""
    columns = list(next(iter(counts.values())))
    rows = [[split, *(row[c] for c in columns)] for split, row in counts.items()]
    return tabulate(rows, headers=[name, *columns], tablefmt="simple", intfmt=",")


def score_table(scores: Mapping[str, float], *, data: str, ap: str) -> str:
    """Rank-1/5/10, mAP and mINP in per cent, from `test/…` fractions; the AP is named."""
    keys = {"Rank-1": "rank1", "Rank-5": "rank5", "Rank-10": "rank10", "mAP": "mAP", "mINP": "mINP"}
    names = [f"{name} ({ap})" if name == "mAP" else name for name in keys]
    row = [f"{scores[f'test/{key}']:.1%}" for key in keys.values()]
    return tabulate([[data, *row]], headers=["official split of", *names], tablefmt="simple")
