"""A comparison as it is printed: scores with their intervals, a verdict, and queries."""

import textwrap
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from reid_lightning.comparison.compare import Comparison, Difference
from reid_lightning.comparison.over_identities import RESAMPLES, Interval
from reid_lightning.comparison.sides import ScoredRun
from reid_lightning.metrics.summary import SCORE_TITLES

_MOST_MOVED = 10
_FEW_IDENTITIES = 20  # with fewer, the interval over them was measured to be too narrow
_WIDTH = 79
_UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}  # names of files


def comparison_text(comparison: Comparison) -> str:
    """The whole comparison, within 79 columns where folders and files have short names."""
    sides = zip("AB", (comparison.a, comparison.b), comparison.labels, strict=True)
    parts = [
        "\n".join(_side(*side) for side in sides),
        _score_table(comparison),
        "\n".join(textwrap.fill(line, _WIDTH) for line in meaning(comparison)),
        "\n".join(textwrap.fill(line, _WIDTH) for line in verdicts(comparison)),
        _moved_table(comparison),
    ]
    return "\n\n".join(parts)


def verdicts(comparison: Comparison) -> list[str]:
    """A sentence on each score.

    With a seed a side it is about the checkpoints, with several about the settings: only the
    interval over seeds says anything about those.
    """
    return [
        f"{SCORE_TITLES[name]}: {_verdict(comparison, difference)}."
        for name, difference in comparison.differences.items()
    ]


def _verdict(comparison: Comparison, difference: Difference) -> str:
    if over_seeds := difference.over_seeds:
        if not over_seeds.excludes_zero:
            return "the settings of A and B cannot be distinguished by these seeds"
        better, worse = ("B", "A") if over_seeds.low > 0 else ("A", "B")
        return f"the settings of {better} are better than those of {worse} on these queries"
    compared = _compared(comparison)
    if difference.over_identities is None:
        return f"{compared} cannot be distinguished by the queries of one identity"
    if difference.over_identities.excludes_zero:
        return f"{compared} differ"
    return f"{compared} cannot be distinguished by these queries"


def _compared(comparison: Comparison) -> str:
    checkpoints = {run.results.get("checkpoint") for run in (*comparison.a, *comparison.b)}
    if len(checkpoints) == 1 and None not in checkpoints:
        return "these two rankings by one checkpoint"
    single = len(comparison.a) == len(comparison.b) == 1
    return "these two checkpoints" if single else "these checkpoints"


def _side(letter: str, runs: Sequence[ScoredRun], label: str) -> str:
    seeds = [str(run.seed) for run in runs if run.seed is not None]
    known = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}" if seeds else ""
    facts = ", ".join(fact for fact in (label, known) if fact)
    folders = ", ".join(str(run.folder) for run in runs)
    line = f"{letter}: {folders}" + (f" ({facts})" if facts else "")
    return textwrap.fill(line, _WIDTH, subsequent_indent="   ", **_UNBROKEN)


def _score_table(comparison: Comparison) -> str:
    several = any(d.over_seeds for d in comparison.differences.values())
    head = ["", "A", "B", "B − A", "over identities", *(["over seeds"] if several else [])]
    rows = []
    for name, d in comparison.differences.items():
        ap = f" ({comparison.a[0].results.get('ap')})" if name == "mAP" else ""
        row = [SCORE_TITLES[name] + ap, f"{d.a:.1%}", f"{d.b:.1%}", points_text(d.difference)]
        rows.append(
            [*row, interval_text(d.over_identities), *([interval_text(d.over_seeds)] * several)]
        )
    return tabulate(rows, head, disable_numparse=True, colalign=["left", *["right"] * len(row[1:])])


def meaning(comparison: Comparison) -> list[str]:
    """Sentences on what the intervals are of."""
    counts = f"{comparison.identities:,} identities with all of their {len(comparison.moved):,}"
    lines = [
        *comparison.notes,
        "over identities: the 95% interval for these checkpoints and other people, from "
        f"{RESAMPLES:,} resamples of the {counts} queries.",
    ]
    if comparison.identities < _FEW_IDENTITIES:
        lines.append(f"With fewer than {_FEW_IDENTITIES} identities it is too narrow.")
    a, b = len(comparison.a), len(comparison.b)
    if min(a, b) == 1:
        return [
            *lines,
            "Which settings are better, these scores do not say: that takes several seeds a side "
            "(seed=0,1,2).",
        ]
    by = (
        f"the {a} differences between runs of the same seed (paired, Student's t)"
        if comparison.paired
        else f"{a} and {b} runs whose seeds are not the same (not paired, Welch's t)"
    )
    other = "over seeds: the 95% interval for other seeds and these queries, from "
    return [*lines, f"{other}{by}."]


def _moved_table(comparison: Comparison) -> str:
    counts = f"{comparison.won:,} won by B, {comparison.lost:,} lost, {comparison.tied:,} tied"
    rows = [
        [
            " ".join(part for part in (moved.query.picture, moved.query.box) if part),
            moved.query.pid,
            f"{moved.ap_a:.1%} → {moved.ap_b:.1%}",
            f"{moved.first_match_a:,g} → {moved.first_match_b:,g}",
        ]
        for moved in comparison.moved[:_MOST_MOVED]
        if moved.gain
    ]
    if not rows:
        return f"Queries: {counts}."
    head = ["query", "person", "AP", "rank of first match"]
    table = tabulate(rows, head, disable_numparse=True, colalign=["left", *["right"] * 3])
    return f"Queries: {counts}. Those whose AP differs most, A → B:\n\n{table}"


def points_text(value: float) -> str:
    """A difference of fractions in percentage points."""
    return f"{round(100 * value, 2) + 0.0:+.2f}"  # + 0.0: never -0.00


def interval_text(interval: Interval | None) -> str:
    """Its ends in percentage points; a dash where there is none."""
    return (
        "–" if interval is None else f"{points_text(interval.low)} … {points_text(interval.high)}"
    )
