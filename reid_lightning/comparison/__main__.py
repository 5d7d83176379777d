"""Two runs, or two groups of runs, query by query: `reid compare RUN RUN`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reid_lightning.comparison.compare import compare
from reid_lightning.comparison.table_file import write_moved_queries
from reid_lightning.comparison.text import comparison_text
from reid_lightning.errors import ReIDError
from reid_lightning.process import keep_streams, stop_signals

_BETWEEN = "with"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the comparison.

    Args:
        arguments: by default those that were typed.
    """
    typed = parser().parse_args(arguments)
    try:
        with stop_signals():
            a, b = typed_sides(typed.runs)
            if typed.out is not None and os.path.lexists(typed.out):
                raise ReIDError(f"{typed.out} is there already: choose another --out.")
            comparison = compare(a=a, b=b)
            print(_printable(comparison_text(comparison)))
            if typed.out is not None:
                write_moved_queries(typed.out, comparison.moved)
                print(f"\nEvery query: {typed.out}")
    except ReIDError as error:
        sys.exit(f"Error: {_printable(str(error))}")
    except OSError as error:
        sys.exit(f"Error: the comparison cannot be written ({error}): choose another --out.")


def typed_sides(runs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The folders of both sides, from `A B` or `A… with B…`.

    Raises:
        ReIDError: it is neither.
    """
    if len(runs) == 2 and _BETWEEN not in runs:
        return [runs[0]], [runs[1]]
    middle = runs.index(_BETWEEN) if runs.count(_BETWEEN) == 1 else 0
    if not 0 < middle < len(runs) - 1:
        raise ReIDError(
            "Name a folder for each side (reid compare A B), or several for each with the word "
            f"`{_BETWEEN}` between them: reid compare A0 A1 A2 {_BETWEEN} B0 B1 B2"
        )
    return list(runs[:middle]), list(runs[middle + 1 :])


def _printable(text: str) -> str:
    """Without what would steer a terminal: names of pictures come from files of others."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    parser = argparse.ArgumentParser(
        prog="reid compare",
        usage="reid compare RUN RUN  |  reid compare RUN… with RUN…  [--out FILE.csv]",
        description="Print the difference of mAP and Rank-1 between two checkpoints with its 95% "
        "interval, and the queries that they rank most differently. With several seeds a side, "
        "print whether their settings differ.",
    )
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="the folder of a run or of an evaluation, or one that holds runs that differ by "
        "their seed alone; several a side: RUN… with RUN…",
    )
    parser.add_argument(
        "--out",
        type=lambda typed: Path(typed).expanduser(),
        metavar="FILE.csv",
        help="write every query with its scores on both sides",
    )
    return parser


if __name__ == "__main__":
    keep_streams()
    main()
