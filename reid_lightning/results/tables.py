"""The tables a run prints: what a data set holds, and the scores."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from reid_lightning.data.set_facts import SplitFacts, Spread
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


def open_set_table(
    scores: Mapping[str, float], counts: Mapping[str, int], ranks: Sequence[int]
) -> str:
    """FNIR by rank and FPIR, and TAR by FAR, in per cent."""
    head = ["searches", "FNIR at FPIR 1%", "FNIR at FPIR 10%"]
    rows = [
        [f"rank {rank}", *(f"{scores[f'FNIR_rank{rank}_FPIR{rate}']:.1%}" for rate in (1, 10))]
        for rank in ranks
    ]
    about = (
        f"{counts['mated']:,} of people in the gallery, {counts['non_mated']:,} of people who are "
        f"not; {counts['gallery']:,} pictures"
    )
    tar = " · ".join(f"TAR at FAR {rate}% {scores[f'TAR_FAR{rate}']:.1%}" for rate in ("0.1", "1"))
    return f"{tabulate(rows, headers=head, tablefmt='simple')}\n({about})\npairs: {tar}"


def facts_table(facts: Mapping[str, SplitFacts]) -> str:
    """Pictures per person and camera, and their sizes, as `least – median – most`."""
    columns: dict[str, list[str]] = {
        "": list(facts),
        "pictures per person": [_spread(fact.per_identity) for fact in facts.values()],
    }
    if any(fact.per_camera for fact in facts.values()):
        columns["pictures per camera"] = [
            _spread(Spread.of(fact.per_camera.values())) for fact in facts.values()
        ]
        columns["people seen by one camera"] = [f"{fact.one_camera:,}" for fact in facts.values()]
    columns["width"] = [_spread(fact.width) for fact in facts.values()]
    columns["height"] = [_spread(fact.height) for fact in facts.values()]
    return tabulate(columns, headers="keys", tablefmt="simple", disable_numparse=True)


def camera_table(facts: Mapping[str, SplitFacts]) -> str:
    """Pictures of every split by every camera."""
    cameras = dict.fromkeys(name for fact in facts.values() for name in fact.per_camera)
    rows = [[name, *(fact.per_camera.get(name, 0) for fact in facts.values())] for name in cameras]
    return tabulate(rows, headers=["camera", *facts], tablefmt="simple", intfmt=",")


def _spread(spread: Spread | None) -> str:
    return "none" if spread is None else " – ".join(f"{number:,g}" for number in spread)
