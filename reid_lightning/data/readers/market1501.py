"""The Market-1501 layout: three folders of pictures whose names carry identity, camera and time."""

import os
import re
from pathlib import Path

from reid_lightning.data.sample import DISTRACTOR, Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file
from reid_lightning.signatures import checked

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"

# CUHK03-NP's names, such as 0001_c1_2, have neither sequence nor box.
_NAME = re.compile(r"(-1|\d+)_c([1-9]\d*)(?:s([1-9]\d*))?_(\d+)(?:_\d+)?", re.ASCII)
_MOST = 10**15  # of int64's 9 · 10¹⁸, for sums
_PICTURES = {".jpg", ".jpeg", ".png"}


def parse_name(path: Path) -> Sample:
    """Parse `pid_cCsS_FRAME_BOX.jpg` (Zheng et al. 2015); pid -1 is junk, 0 a distractor.

    Raises:
        ReIDError: the name does not have this form, or a number in it is too large.
    """
    # Market-1501 itself contains names such as 0071_c6s2_072743_00.jpg.jpg.
    match = _NAME.fullmatch(path.name.split(".", 1)[0])
    if match is None:
        raise ReIDError(
            f"The picture {path} is not named as Market-1501 names them "
            "(pid_cCsS_FRAME_BOX.jpg, such as 0002_c1s1_000451_03.jpg): rename or remove it."
        )
    pid, camera, sequence, frame = (_number(path, part or "1") for part in match.groups())
    return Sample(path, pid, camera - 1, sequence, frame)


def _number(path: Path, digits: str) -> int:
    number = int(digits)
    if number > _MOST:
        raise ReIDError(
            f"The picture {path} has the number {digits} in its name, and {_MOST:,} is the "
            "largest that can be used: number people, cameras and frames from 1."
        )
    return number


def read_folder(folder: Path) -> tuple[Sample, ...]:
    """Read every picture in `folder`, sorted by name; others (Thumbs.db, hidden files) are ignored.

    Raises:
        ReIDError: the folder is missing, has no picture, or has a wrongly named one.
    """
    return tuple(map(parse_name, _pictures(folder)))


def read_distractors(folder: Path) -> tuple[Sample, ...]:
    """Read every picture in `folder` as a distractor, such as the 500,000 of Market-1501+500k.

    Cameras are read from names in Market-1501's form; identities and times are ignored.

    Raises:
        ReIDError: the folder is missing or has no picture.
    """
    distractors = []
    for path in _pictures(folder):
        match = _NAME.fullmatch(path.name.split(".", 1)[0])
        camid = _number(path, match[2]) - 1 if match else 0
        distractors.append(Sample(path, DISTRACTOR, camid, 1, 0))
    return tuple(distractors)


def find_layout(root: Path) -> Path:
    """Find the folder of the three split folders: `root` itself or a folder in it.

    Raises:
        ReIDError: there is none, or several (such as CUHK03-NP's `detected` and `labeled`).
    """
    if (root / TRAIN).is_dir():
        return root
    sets = sorted(p for p in root.iterdir() if (p / TRAIN).is_dir())
    if not sets:
        raise ReIDError(
            f"No data set in the Market-1501 layout at {root.absolute()} (data.root): no folder "
            f"{TRAIN} there or one level below."
        )
    if len(sets) > 1:
        names = ", ".join(p.name for p in sets)
        raise ReIDError(f"{root} holds several sets ({names}): set data.root to one of them.")
    return sets[0]


@checked("data.reader")
def read_market1501(root: Path) -> Splits:
    """Read a set in the Market-1501 layout.

    Args:
        root: the folder of the three split folders, or the folder that contains it.

    Raises:
        ReIDError: a folder is missing or has no picture, or a picture is wrongly named.
    """
    folder = find_layout(root)
    return Splits(*(read_folder(folder / name) for name in (TRAIN, QUERY, GALLERY)))


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ReIDError(f"The folder {folder} is missing: it should contain pictures.")
    paths = []
    with os.scandir(folder) as entries:  # which know what is a file without a look at each
        for entry in entries:
            if _is_picture(path := Path(entry.path)):
                if not entry.is_file(follow_symlinks=False) and (reason := not_a_file(path)):
                    raise ReIDError(f"{path} is no picture ({reason}): remove it.")
                paths.append(path)
    if not paths:
        raise ReIDError(f"The folder {folder} holds no picture (.jpg, .jpeg or .png).")
    return sorted(paths)


def _is_picture(path: Path) -> bool:
    # A hidden file is a system's own: macOS puts ._NAME.jpg beside NAME.jpg.
    return path.suffix.lower() in _PICTURES and not path.name.startswith(".")
