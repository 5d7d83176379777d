"""MSMT17 (Wei et al. 2018), version 1 or 2: two folders of pictures, and four lists of them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reid_lightning.data.readers.numbered import MOST
from reid_lightning.data.readers.set_folder import set_folder
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_text
from reid_lightning.signatures import FilePath, checked

_FOLDERS = (("train", "test"), ("mask_train_v2", "mask_test_v2"))  # of versions 1 and 2
_LISTS = ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt")
# pid_index_camera_time_frame_box, such as 0000_000_01_0303morning_0008_0.jpg
_CAMERA = re.compile(r"[^_]+_[^_]+_0*([1-9]\d{0,14})_.*", re.ASCII)


@checked("data")
def read_msmt17(root: FilePath) -> Splits:
    """Read MSMT17: its training and validation lists are trained on, as is usual.

    The test lists count people from 0 again: their pids follow those of training.

    Args:
        root: the folder of the lists, or the folder that contains it.

    Raises:
        ReIDError: folders or lists are missing, or a line of a list has another form.
    """
    root = Path(root)
    folder = set_folder(root, [*_LISTS, *(name for names in _FOLDERS for name in names)]) or root
    names = next((names for names in _FOLDERS if all((folder / n).is_dir() for n in names)), None)
    if names is None:
        raise ReIDError(
            f"No MSMT17 at {root.absolute()} (data.root): neither train and test nor "
            "mask_train_v2 and mask_test_v2 are there or one level below."
        )
    if missing := [name for name in _LISTS if not (folder / name).is_file()]:
        raise ReIDError(
            f"This copy of MSMT17 in {folder.absolute()} has no {', '.join(missing)}: who is on a "
            "picture of query and gallery stands in these lists alone. Take them from the original "
            "archive."
        )
    train, test = (folder / name for name in names)
    trained_on = [sample for name in _LISTS[:2] for sample in _listed(folder / name, train)]
    first = max((s.pid for s in trained_on), default=-1) + 1
    query, gallery = (
        tuple(replace(s, pid=first + s.pid) for s in _listed(folder / name, test))
        for name in _LISTS[2:]
    )
    return Splits(tuple(trained_on), query, gallery)


def _listed(file: Path, folder: Path) -> Iterator[Sample]:
    """The samples of a list: on each line a path in `folder`, and a pid."""
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        path, _, pid = line.strip().rpartition(" ")
        camera = _CAMERA.fullmatch(Path(path.strip()).name)
        if not (pid.isascii() and pid.isdecimal() and len(pid) < 16 and int(pid) <= MOST):
            raise ReIDError(
                f"{file}, line {number}: {line.strip()!r} is not a picture and a pid, such as "
                "0000/0000_000_01_0303morning_0008_0.jpg 0."
            )
        if camera is None:
            raise ReIDError(
                f"{file}, line {number}: {path} does not name its camera in the third place, as "
                "0000/0000_000_01_0303morning_0008_0.jpg does."
            )
        yield Sample(folder / path.strip(), int(pid), int(camera[1]) - 1)
