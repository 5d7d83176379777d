"""What a set holds beside its counts: how many pictures of whom, by which camera, and how large."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from reid_lightning.data.pictures import Picture, Unreadable, try_decode
from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.parallel import map_in_chunks

Size = tuple[int, int]  # width and height, in pixels


class Spread(NamedTuple):
    """The least, the middle and the greatest of some numbers."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, numbers: Iterable[float]) -> "Spread":
        """Of at least one number."""
        ordered = sorted(numbers)
        return cls(ordered[0], median(ordered), ordered[-1])


class SplitFacts(NamedTuple):
    """Of one split.

    Args:
        per_identity: pictures of a person.
        per_camera: pictures by a camera, by its name, in the order of camids; none without cameras.
        one_camera: identities that only one camera has seen.
        width, height: of the pictures that can be read, in pixels; None where none can.
    """

    per_identity: Spread | None
    per_camera: dict[str, int]
    one_camera: int
    width: Spread | None
    height: Spread | None


def picture_sizes(pictures: Sequence[Picture]) -> dict[Picture, Size | Unreadable]:
    """The size of every picture, or why it cannot be read; each is decoded."""

    def size(picture: Picture) -> Size | Unreadable:
        result = try_decode(picture)
        return result if isinstance(result, Unreadable) else result.size

    unique = list(dict.fromkeys(pictures))
    return dict(zip(unique, map_in_chunks(size, unique, 1), strict=True))


def set_facts(splits: Splits, sizes: Mapping[Picture, Size | Unreadable]) -> dict[str, SplitFacts]:
    """The facts of every split; test is query and gallery as one.

    Args:
        splits: with the pids that `with_roles` gives.
        sizes: of `picture_sizes`.
    """
    samples_of = {"train": splits.train, "test": (*splits.query, *splits.gallery)}
    return {
        name: _facts(samples, sizes, splits.has_cameras) for name, samples in samples_of.items()
    }


def _facts(
    samples: Sequence[Sample], sizes: Mapping[Picture, Size | Unreadable], has_cameras: bool
) -> SplitFacts:
    persons = people(samples)
    pictures = Counter(s.pid for s in persons)
    seen = Counter(pid for pid, _ in {(s.pid, s.camid) for s in persons})
    found = [size for s in samples if not isinstance(size := sizes[s.picture], Unreadable)]
    return SplitFacts(
        per_identity=Spread.of(pictures.values()) if pictures else None,
        per_camera=_per_camera(samples) if has_cameras else {},
        one_camera=sum(cameras == 1 for cameras in seen.values()) if has_cameras else 0,
        width=Spread.of(width for width, _ in found) if found else None,
        height=Spread.of(height for _, height in found) if found else None,
    )


def _per_camera(samples: Sequence[Sample]) -> dict[str, int]:
    pictures = Counter((s.camid, s.taken_by) for s in samples)
    return {name: pictures[camid, name] for camid, name in sorted(pictures)}
