"""One folder of pictures a person, below `train`, `query` and `gallery` or without these three."""

from collections import defaultdict
from pathlib import Path

from reid_lightning.data.picture_files import scan_pictures
from reid_lightning.data.readers.numbered import numbered
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.splits import split_by_identity
from reid_lightning.errors import ReIDError
from reid_lightning.signatures import FilePath, PartialShare, checked

_SPLITS = ("train", "query", "gallery")


@checked("data")
def read_folders(root: FilePath, *, test_share: PartialShare = 0.3) -> Splits:
    """Read `train/NAME/x.jpg`, `query/NAME/y.jpg`, `gallery/NAME/z.jpg`, or `NAME/x.jpg`.

    There are no cameras. A name is of one person in all three folders.

    Args:
        root: the folder of the three, or of the people.
        test_share: without the three, the share of the people with several pictures who are
            tested on, one query each; the others are trained on. The choice is always the same.

    Raises:
        ReIDError: some of the three folders are missing, or there is no picture.
    """
    root = Path(root)
    found = [name for name in _SPLITS if (root / name).is_dir()]
    if not found:
        pictures, not_read = _pictures(root)
        samples = _samples({"": pictures})[""]
        if not samples:
            raise ReIDError(
                f"{root.absolute()} (data.root) holds no folder of pictures: data=folders reads "
                "one folder for each person."
            )
        return split_by_identity(samples, test_share, has_cameras=False, not_read=not_read)
    if missing := [name for name in _SPLITS if name not in found]:
        raise ReIDError(
            f"{root.absolute()} (data.root) holds {' and '.join(found)}, but no folder "
            f"{' or '.join(missing)}: data=folders reads train, query and gallery, or one folder "
            "for each person without these three."
        )
    contents = {name: _pictures(root / name) for name in _SPLITS}
    samples_of = _samples({name: pictures for name, (pictures, _) in contents.items()})
    train, query, gallery = (tuple(samples_of[name]) for name in _SPLITS)
    others = (path for _, paths in contents.values() for path in paths)
    return Splits(train, query, gallery, has_cameras=False, not_read=(*_others(root), *others))


def _pictures(folder: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """The pictures of each person, by name, and what is not read."""
    pictures, not_read = dict[str, list[Path]](), list[Path]()
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            not_read.append(path)
            continue
        files = scan_pictures(path)
        not_read += files.not_read if files.paths else [path]
        if files.paths:
            pictures[path.name] = files.paths
    return pictures, not_read


def _others(root: Path) -> list[Path]:
    """What lies beside the three folders."""
    return sorted(p for p in root.iterdir() if p.name not in _SPLITS and p.name[0] != ".")


def _samples(contents: dict[str, dict[str, list[Path]]]) -> dict[str, list[Sample]]:
    pids = numbered(name for pictures in contents.values() for name in pictures)
    samples, camid = defaultdict[str, list[Sample]](list), 0
    for split, pictures in contents.items():
        for name, paths in pictures.items():
            for path in paths:
                samples[split].append(Sample(path, pids[name], camid, identity=name))
                camid += 1
    return samples
