"""A set as a table, which `data=table` reads; the pictures stay where they are."""

import csv
import os
from pathlib import Path

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import replaced_atomically

_BOX = ("x_1", "y_1", "x_2", "y_2")


def write_table(splits: Splits, file: Path) -> None:
    """Write a row for every picture of every split: path, pid, split, role, and what else is known.

    Paths start from the table's folder. Distractors and junk have no pid.

    Args:
        splits: with the pids that `with_roles` gives.
        file: to write, .csv.

    Raises:
        ReIDError: there is such a file, it is no .csv, or a path cannot stand in one.
    """
    if file.suffix.lower() != ".csv":
        raise ReIDError(f"{file} is written as CSV: name a file .csv (export_to=…).")
    if file.exists():
        raise ReIDError(f"{file} exists: name another file (export_to=…), or remove it.")
    samples_of = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
    folder = file.parent.resolve()  # .. leads out of what a link stands for
    rows = [_row(split, s, folder) for split, samples in samples_of.items() for s in samples]
    columns = ["path", "pid", "camid", "split", "role", "time", *_BOX]
    if not splits.has_cameras:
        columns.remove("camid")
    for name in ("time", *_BOX):
        if all(row[name] is None for row in rows):
            columns.remove(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        replaced_atomically(file) as partial,
        partial.open("w", newline="", encoding="utf-8") as out,
    ):
        writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(split: str, sample: Sample, folder: Path) -> dict[str, object]:
    path = os.path.relpath(sample.path.absolute(), folder)
    if path != path.encode(errors="ignore").decode().strip().replace("\r", "\n"):
        raise ReIDError(
            f"{sample.path} cannot stand in a table, for the white space or the characters in its "
            "name: rename it, or use export=market1501."
        )
    return {
        "path": path,
        "pid": sample.pid if sample.role == "person" else None,
        "camid": sample.camid,
        "split": split,
        "role": sample.role,
        "time": sample.time,
        **dict(zip(_BOX, sample.box or [None] * 4, strict=True)),
    }
