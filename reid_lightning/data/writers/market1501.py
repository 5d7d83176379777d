"""A set in Market-1501's layout: its pictures copied to three folders, named by their labels."""

import shutil
from collections import Counter
from pathlib import Path

from reid_lightning.data.pictures import decode
from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import named_in_errors

_FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


def write_market1501(splits: Splits, folder: Path) -> None:
    """Copy every picture to a new folder, under the name that Market-1501 would give it.

    Crops are cut out, and written as PNG. People are numbered from 1 if one has the number 0, which
    is the distractors' there. Times become frame numbers where there are no others.

    Args:
        splits: with the pids that `with_roles` gives.
        folder: to create.

    Raises:
        ReIDError: there is such a folder, or a picture cannot be read.
    """
    if folder.exists():
        raise ReIDError(f"{folder} exists: name another folder (export_to=…), or remove it.")
    everyone = people((*splits.train, *splits.query, *splits.gallery))
    shift = 1 if any(s.pid == 0 for s in everyone) else 0
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with named_in_errors(folder):
            samples_of = (splits.train, splits.query, splits.gallery)
            for name, samples in zip(_FOLDERS, samples_of, strict=True):
                (partial / name).mkdir(parents=True)
                written = Counter[str]()
                for sample in samples:
                    prefix = _prefix(sample, shift)
                    _write(sample, partial / name / f"{prefix}_{written[prefix]:02d}")
                    written[prefix] += 1
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _prefix(sample: Sample, shift: int) -> str:
    pid = {"junk": "-1", "distractor": "0000"}.get(sample.role, f"{sample.pid + shift:04d}")
    frame = sample.frame or sample.time or 0
    return f"{pid}_c{sample.camid + 1}s{sample.sequence}_{frame:06d}"


def _write(sample: Sample, stem: Path) -> None:
    if sample.box is None:
        shutil.copyfile(sample.path, stem.with_name(stem.name + sample.path.suffix.lower()))
    else:
        decode(sample.picture).save(stem.with_name(f"{stem.name}.png"))
