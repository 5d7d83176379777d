"""What makes a set's scores wrong: files left out, its labels, and equal pictures."""

from collections import Counter
from collections.abc import Iterator, Sequence

from reid_lightning.data.equal_pictures import equal_pictures
from reid_lightning.data.pictures import Unreadable
from reid_lightning.data.sample import DISTRACTOR, JUNK, Sample, Splits

_MOST_NAMED = 5
_NUMBERED = (
    "{} {} are numbered -1 (junk) and {} are numbered 0 (distractors): {}. Remove them, or "
    "renumber them if they are people."
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
    """Of people in both training and test, and of people numbered as junk or distractors."""
    test = {s.pid for s in (*splits.query, *splits.gallery)} - {JUNK, DISTRACTOR}
    if both := sorted(test & {s.pid for s in splits.train}):
        yield (
            f"{len(both)} identities are in both training and test, such as {both[0]}: the test "
            "is of people that the network has seen. Remove them from one, or renumber them if "
            "they are others."
        )
    for name, samples, effect in (
        ("training pictures", splits.train, "each number is trained on as one person"),
        ("queries", splits.query, "-1 is left out of the scores, and 0 matches every distractor"),
    ):
        counts = Counter(s.pid for s in samples)
        if counts[JUNK] or counts[DISTRACTOR]:
            yield _NUMBERED.format(counts[JUNK], name, counts[DISTRACTOR], effect)


def equal_picture_warnings(splits: Splits) -> Iterator[str]:
    """Of files with the same bytes where they make scores wrong; junk and distractors are left out.

    Raises:
        ReIDError: a picture cannot be read.
    """
    gallery = [s for s in splits.gallery if s.pid not in (JUNK, DISTRACTOR)]
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
    for pairs, where in (
        (leaked, "in both training and test: the test is of what the network has seen"),
        (contradicting, "under two identities: they count as two people"),
        (found, "in query and gallery, of two cameras: each query finds itself first"),
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
