"""A report of runs and sweeps: `reid report RUN_OR_SWEEP…`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reid_lightning.errors import ReIDError
from reid_lightning.process import keep_streams, stop_signals
from reid_lightning.report.page import write_report


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the report and print its path.

    Args:
        arguments: by default those that were typed.
    """
    typed = parser().parse_args(arguments)
    paths = typed.paths
    folder = typed.out or (paths[0] if len(paths) == 1 else Path()) / "report"
    try:
        with stop_signals():
            path = write_report(paths, folder)
    except ReIDError as error:
        sys.exit(f"Error: {error}")
    except OSError as error:
        sys.exit(
            f"Error: the report cannot be written to {folder} ({error}): choose another --out."
        )
    print(f"The report: {path}")


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    parser = argparse.ArgumentParser(
        prog="reid report",
        description="Write report.html, one self-contained page; its figures as SVG and PNG, "
        "and its tables as CSV; and queries.html, every query with its first results.",
    )
    parser.add_argument("paths", nargs="+", type=_path, metavar="RUN_OR_SWEEP", help="its folder")
    parser.add_argument(
        "--out",
        type=_path,
        metavar="FOLDER",
        help="where to write; by default `report` in the one folder, or here for several folders",
    )
    return parser


def _path(typed: str) -> Path:
    return Path(typed).expanduser()


if __name__ == "__main__":
    keep_streams()
    main()
