"""A report of runs and sweeps: `python -m reid_lightning.report RUN_OR_SWEEP…`."""

import argparse
import sys
from pathlib import Path

from reid_lightning.errors import ReIDError
from reid_lightning.report.page import write_report
from reid_lightning.stop_signals import stop_signals


def main() -> None:
    """Write the report and print its path."""
    parser = argparse.ArgumentParser(
        prog="python -m reid_lightning.report",
        description="Write report.html, one self-contained page, and its pictures as PNG files.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="RUN_OR_SWEEP", help="its folder")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where to write; by default `report` in the one folder, or here for several folders",
    )
    arguments = parser.parse_args()
    paths = arguments.paths
    folder = arguments.out or (paths[0] if len(paths) == 1 else Path()) / "report"
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


if __name__ == "__main__":
    main()
