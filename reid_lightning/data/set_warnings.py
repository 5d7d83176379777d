"""What makes a set's scores wrong: files left out, its labels, and equal pictures."""

from collections.abc import Iterator, Sequence

from reid_lightning.data.equal_pictures import equal_pictures
from reid_lightning.data.pictures import Unreadable
from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits

_MOST_NAMED = 5
_NO_PEOPLE = (
    "{} {} are junk (-1) and {} are distractors: they are {}. If they are people, renumber them "
    "(and set data.distractor_pid=null where 0 is a person)."
)


def left_out_warnings(splits: Splits, left_out: Sequence[Unreadable]) -> Iterator[str]:
    """Of files that are no pictures, and of pictures that were left out as they cannot be read."""
    if splits.not_read:
        names = ", ".join(map(str, splits.not_read[:_MOST_NAMED]))
        more = ", …" if len(splits.not_read) > _MOST_NAMED else ""
        yield (
            f"{len(splits.not_read)} files and folders are no pictures that can be read, and are "
            f"left out: {names}{more}."
        )
    if left_out:
        lines = [f"{path} ({reason})" for path, reason in left_out]
        yield "\n".join(
            [f"{len(lines)} pictures cannot be read, and are left out of all scores:", *lines]
        )


def label_warnings(splits: Splits) -> Iterator[str]:
    """Of people in both training and test, and of junk and distractors among people."""
    test = {s.pid for s in people((*splits.query, *splits.gallery))}
    if both := sorted(test & {s.pid for s in people(splits.train)}):
        yield (
            f"{len(both)} identities are in both training and test, such as {both[0]}: the test "
            "is of people that the network has seen. Remove them from one, or renumber them if "
            "they are others."
        )
    for name, samples, effect in (
        ("training pictures", splits.train, "not trained on"),
        ("queries", splits.query, "left out of the scores"),
    ):
        junk, distractors = (sum(s.role == r for s in samples) for r in ("junk", "distractor"))
        if junk or distractors:
            yield _NO_PEOPLE.format(junk, name, distractors, effect)


def equal_picture_warnings(splits: Splits) -> Iterator[str]:
    """Of files with the same bytes where they make scores wrong; junk and distractors are left out.

    Raises:
        ReIDError: a picture cannot be read.
    """
    gallery = people(splits.gallery)
    pictures = [*splits.train, *splits.query, *gallery]
    first_query, first_gallery = len(splits.train), len(splits.train) + len(splits.query)
    leaked, contradicting, found = [], [], []
    for group in equal_pictures([s.picture for s in pictures]):
        train = [pictures[i] for i in group if i < first_query]
        queries = [pictures[i] for i in group if first_query <= i < first_gallery]
        matches = [pictures[i] for i in group if i >= first_gallery]
        test = queries + matches
        if train and test:
            leaked.append((train[0], test[0]))
        if other := _of_another(train) or _of_another(test):
            contradicting.append(other)
        found += [
            (q, g) for q in queries for g in matches if g.pid == q.pid and g.camid != q.camid
        ][:1]
    cameras = ", of two cameras" if splits.has_cameras else ""
    for pairs, where in (
        (leaked, "in both training and test: the test is of what the network has seen"),
        (contradicting, "under two identities: they count as two people"),
        (found, f"in query and gallery{cameras}: each query finds itself first"),
    ):
        if pairs:
            a, b = pairs[0]
            yield (
                f"{len(pairs)} pair(s) of equal pictures are {where}, such as {a.path} and "
                f"{b.path}. Remove one of each."
            )


def _of_another(samples: list[Sample]) -> tuple[Sample, Sample] | None:
    """The first picture, and one of another identity; none if all are of one."""
    return next(((samples[0], s) for s in samples if s.pid != samples[0].pid), None)
