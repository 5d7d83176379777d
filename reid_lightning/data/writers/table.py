"""A set as a table, which `data=table` reads; the pictures stay where they are."""

import csv
import os
from pathlib import Path

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.files import replaced_atomically

_BOX = ("x_1", "y_1", "x_2", "y_2")


def write_table(splits: Splits, file: Path) -> None:
    """Write a row for every picture of every split: path, pid, split, role, and what else is known.

    Paths start from the table's folder. Distractors and junk have no pid.

    Args:
        splits: with the pids that `with_roles` gives.
        file: to write, .csv.
    """
    samples_of = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
    rows = [_row(split, s, file.parent) for split, samples in samples_of.items() for s in samples]
    columns = ["path", "pid", "camid", "split", "role", "time", *_BOX]
    if not splits.has_cameras:
        columns.remove("camid")
    for name in ("time", *_BOX):
        if all(row[name] is None for row in rows):
            columns.remove(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        replaced_atomically(file) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as out,
    ):
        writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(split: str, sample: Sample, folder: Path) -> dict[str, object]:
    return {
        "path": os.path.relpath(sample.path.absolute(), folder.absolute()),
        "pid": sample.pid if sample.role == "person" else None,
        "camid": sample.camid,
        "split": split,
        "role": sample.role,
        "time": sample.time,
        **dict(zip(_BOX, sample.box or [None] * 4, strict=True)),
    }
