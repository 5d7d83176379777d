"""Market-1501's layout and its cousins': three folders of pictures named by person and camera."""

import re
from collections.abc import Iterable
from pathlib import Path

from reid_lightning.data.picture_files import list_pictures
from reid_lightning.data.readers.set_folder import set_folder
from reid_lightning.data.sample import JUNK_PID, Role, Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.signatures import FilePath, checked

# Training, query, gallery: of Market-1501 (and DukeMTMC-reID, CUHK03-NP), and of VeRi-776.
_FOLDERS = (
    ("bounding_box_train", "query", "bounding_box_test"),
    ("image_train", "image_query", "image_test"),
)
# 0002_c1s1_000451_03 of Market-1501, 0005_c2_f0046985 of DukeMTMC-reID, 0001_c1_2 of CUHK03-NP,
# 0002_c001_00016450_0 of VeRi-776.
_NAME = re.compile(
    r"(-1|\d+)_c0*([1-9]\d*)(?:s0*([1-9]\d*))?_f?(\d+)(?:_\d+)?", re.ASCII | re.IGNORECASE
)
_MOST = 10**15  # of int64's 9 · 10¹⁸, for sums


def parse_name(path: Path) -> Sample:
    """Parse `pid_cCsS_FRAME_BOX.jpg` (Zheng et al. 2015); pid -1 is junk.

    Raises:
        ReIDError: the name does not have this form, or a number in it is too large.
    """
    # Market-1501 itself contains names such as 0071_c6s2_072743_00.jpg.jpg.
    match = _NAME.fullmatch(path.name.split(".", 1)[0])
    if match is None:
        raise ReIDError(
            f"The picture {path} is not named as Market-1501 names them "
            "(pid_cCsS_FRAME_BOX.jpg, such as 0002_c1s1_000451_03.jpg, 0005_c2_f0046985.jpg or "
            "0001_c1_2.jpg): rename or remove it, or use data=table or data=folders."
        )
    pid, camera, sequence, frame = (_number(path, part or "1") for part in match.groups())
    role: Role = "junk" if pid == JUNK_PID else "person"
    return Sample(path, pid, camera - 1, sequence, frame, role=role)


def _number(path: Path, digits: str) -> int:
    number = int(digits)
    if number > _MOST:
        raise ReIDError(
            f"The picture {path} has the number {digits} in its name, and {_MOST:,} is the "
            "largest that can be used: number people, cameras and frames from 1."
        )
    return number


def read_distractors(paths: Iterable[Path]) -> tuple[Sample, ...]:
    """Read pictures as distractors, such as the 500,000 of Market-1501+500k.

    Cameras are read from names in Market-1501's form; identities and times are ignored.

    Raises:
        ReIDError: a camera's number is too large.
    """
    distractors = []
    for path in paths:
        match = _NAME.fullmatch(path.name.split(".", 1)[0])
        camid = _number(path, match[2]) - 1 if match else 0
        distractors.append(Sample(path, 0, camid, role="distractor"))
    return tuple(distractors)


def find_layout(root: Path) -> Path:
    """Find the folder of the three split folders: `root` itself or a folder in it.

    Raises:
        ReIDError: there is none, or several (such as CUHK03-NP's `detected` and `labeled`).
    """
    folder = set_folder(root, [train for train, *_ in _FOLDERS])
    if folder is None:
        raise ReIDError(
            f"No data set in the Market-1501 layout at {root.absolute()} (data.root): no folder "
            f"{_FOLDERS[0][0]} there or one level below."
        )
    return folder


@checked("data")
def read_market1501(root: FilePath) -> Splits:
    """Read a set in the Market-1501 layout.

    Args:
        root: the folder of the three split folders, or the folder that contains it.

    Raises:
        ReIDError: a folder is missing or has no picture, or a picture is wrongly named.
    """
    folder = find_layout(Path(root))
    names = next(names for names in _FOLDERS if (folder / names[0]).is_dir())
    splits, not_read = [], []
    for name in names:
        files = list_pictures(folder / name)
        splits.append(tuple(map(parse_name, files.paths)))
        not_read += files.not_read
    train, query, gallery = splits
    return Splits(train, query, gallery, not_read=tuple(not_read))
