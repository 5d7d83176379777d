"""All pictures of a set that cannot be read: named at once, or left out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reid_lightning.data.pictures import Picture, Unreadable, try_decode, unreadable_error
from reid_lightning.errors import ReIDError
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
