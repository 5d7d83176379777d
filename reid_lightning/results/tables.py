"""The tables a run prints: what a data set holds, and the scores."""

from collections.abc import Mapping

from tabulate import tabulate

from reid_lightning.metrics.summary import SCORE_TITLES, score_names


def counts_table(name: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    """Pictures, identities, cameras, junk and distractors of every split of the set `name`."""
    columns = list(next(iter(counts.values())))
    rows = [[split, *(row[c] for c in columns)] for split, row in counts.items()]
    return tabulate(rows, headers=[name, *columns], tablefmt="simple", intfmt=",")


def score_table(scores: Mapping[str, float], *, data: str, ap: str) -> str:
    """Rank-1/5/10, mAP, mINP and others in per cent, from `test/…` fractions; the AP is named."""
    names = score_names(name.removeprefix("test/") for name in scores)
    titles = [f"mAP ({ap})" if name == "mAP" else SCORE_TITLES.get(name, name) for name in names]
    row = [f"{scores[f'test/{name}']:.1%}" for name in names]
    return tabulate([[data, *row]], headers=["official split of", *titles], tablefmt="simple")
