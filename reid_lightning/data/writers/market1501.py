"""A set in Market-1501's layout: its pictures copied to three folders, named by their labels."""

import shutil
from collections import Counter
from pathlib import Path

from reid_lightning.data.picture_files import SUFFIXES
from reid_lightning.data.pictures import Unreadable, decode, unreadable_error
from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import named_in_errors, not_a_file

_FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


def write_market1501(splits: Splits, folder: Path) -> None:
    """Copy every picture to a new folder, under the name that Market-1501 would give it.

    Crops are cut out, and written as PNG, as is what has another suffix than pictures have. People
    are numbered from 1 if one has the number 0, which is the distractors' there. Times become frame
    numbers where there are no others. Without cameras, every picture is of a camera of its own.

    Args:
        splits: with the pids that `with_roles` gives.
        folder: to create.

    Raises:
        ReIDError: there is such a folder, or a picture cannot be read.
    """
    if folder.exists():
        raise ReIDError(f"{folder} exists: name another folder (export_to=…), or remove it.")
    everyone = (*splits.train, *splits.query, *splits.gallery)
    shift = max(0, 1 - min((s.pid for s in people(everyone)), default=1))
    has_frames = any(s.frame for s in everyone)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with named_in_errors(folder):
            samples_of = (splits.train, splits.query, splits.gallery)
            for name, samples in zip(_FOLDERS, samples_of, strict=True):
                (partial / name).mkdir(parents=True)
                written = Counter[str]()
                for sample in samples:
                    frame = sample.frame if has_frames else sample.time or 0
                    prefix = _prefix(sample, shift, frame)
                    _write(sample, partial / name / f"{prefix}_{written[prefix]:02d}")
                    written[prefix] += 1
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _prefix(sample: Sample, shift: int, frame: int) -> str:
    pid = {"junk": "-1", "distractor": "0000"}.get(sample.role, f"{sample.pid + shift:04d}")
    return f"{pid}_c{sample.camid + 1}s{sample.sequence}_{frame:06d}"


def _write(sample: Sample, stem: Path) -> None:
    suffix = sample.path.suffix.lower()
    if sample.box is not None or suffix not in SUFFIXES:
        decode(sample.picture).save(stem.with_name(f"{stem.name}.png"))
    elif reason := not_a_file(sample.path):
        raise unreadable_error([Unreadable(sample.path, reason)])
    else:
        shutil.copyfile(sample.path, stem.with_name(stem.name + suffix))
