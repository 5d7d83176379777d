"""All pictures of a set that cannot be read: named at once, or left out."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from reid_lightning.data.content_key import readability_key
from reid_lightning.data.pictures import Picture, Unreadable, try_decode, unreadable_error
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import add_checksum, is_intact, replaced_atomically
from reid_lightning.parallel import map_in_chunks


def try_all(pictures: Sequence[Picture]) -> Iterator[Unreadable | None]:
    """Decode every picture: why each cannot be read, or None if it can."""

    def attempt(picture: Picture) -> Unreadable | None:
        result = try_decode(picture)
        return result if isinstance(result, Unreadable) else None

    return map_in_chunks(attempt, pictures, 1)


@contextmanager
def all_named(pictures: Sequence[Picture]) -> Iterator[None]:
    """Have the error of the first picture that cannot be read, inside the block, name them all.

    Raises:
        ReIDError: naming all of `pictures` that cannot be read; they are decoded to find out.
    """
    try:
        yield
    except ReIDError as first:
        if unreadable := [reason for reason in try_all(pictures) if reason is not None]:
            raise unreadable_error(unreadable) from first
        raise


class ReadablePart(NamedTuple):
    """What can be read of a set, and what was left out of it."""

    splits: Splits
    left_out: list[Unreadable]


def leave_out_unreadable(splits: Splits, folder: Path) -> ReadablePart:
    """Leave out of each split the pictures that cannot be read.

    Every picture is decoded once to find out, and the result kept in `folder` under a name that
    depends on the pictures' names and bytes: later runs, and the other processes of this one,
    leave out the same ones, until a file is changed or restored.

    Raises:
        ReIDError: `folder` cannot be used.
    """
    pictures = [s.picture for s in (*splits.train, *splits.query, *splits.gallery)]
    folder = folder.expanduser()
    try:
        readable = _which_readable(pictures, folder)
    except OSError as error:
        raise ReIDError(
            f"Which pictures can be read is kept in {folder} (data.cache), which cannot be used "
            f"({error}): set data.cache to another folder, or data.on_unreadable=error."
        ) from error
    unreadable = {p for p, sound in zip(pictures, readable, strict=True) if not sound}
    reasons = [reason for reason in try_all(sorted(unreadable, key=str)) if reason is not None]
    return ReadablePart(without(splits, unreadable), reasons)


def without(splits: Splits, pictures: Collection[Picture]) -> Splits:
    """The splits without some pictures."""

    def rest(samples: Sequence[Sample]) -> tuple[Sample, ...]:
        return tuple(s for s in samples if s.picture not in pictures)

    train, query, gallery = map(rest, (splits.train, splits.query, splits.gallery))
    return replace(splits, train=train, query=query, gallery=gallery)


def _which_readable(pictures: Sequence[Picture], folder: Path) -> bytes:
    """A byte for each picture, 1 if it can be read; from `folder`, or found out and kept there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{readability_key(pictures)}.readable"
    if not is_intact(file, len(pictures)):
        with FileLock(file.with_suffix(".lock")):  # of several processes, the first finds out
            if not is_intact(file, len(pictures)):
                with replaced_atomically(file) as partial:
                    partial.write_bytes(bytes(reason is None for reason in try_all(pictures)))
                    add_checksum(partial)
    return file.read_bytes()[: len(pictures)]
