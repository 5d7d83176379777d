"""Training labels, and identities held out of training to validate on."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError

_NEEDED = {True: "are seen by two cameras", False: "have two pictures"}  # by `has_cameras`

_ByCamera = dict[int, dict[int, list[Sample]]]  # by pid, then by camid


def labels_of(samples: Sequence[Sample]) -> dict[int, int]:
    """The label of every training pid: sorted pids renumbered from 0, alike in every process."""
    return {pid: label for label, pid in enumerate(sorted({s.pid for s in samples}))}


def hold_out(train: Sequence[Sample], identities: int, *, has_cameras: bool = True) -> Splits:
    """Split training samples into a smaller training split, a validation query and gallery.

    The choice does not depend on the run's seed, so that runs are compared on the same people.
    Each held-out identity gives one query per camera in which it has more than one picture; its
    other pictures are the gallery. Only identities with a cross-camera match for at least one
    query are eligible. Without cameras, each gives one query, and those with two pictures are
    eligible. Distractors and junk are left in training.

    Args:
        train: the official training samples.
        identities: how many to hold out.
        has_cameras: as `Splits.has_cameras`.

    Raises:
        ReIDError: too few identities are eligible, or none would remain to train on.
    """
    cameras = _by_camera(train, has_cameras)
    eligible = _eligible(cameras, has_cameras)
    if identities > len(eligible) or identities >= len(cameras):
        raise ReIDError(
            f"data.val_identities={identities} is too many: of {len(cameras)} training identities "
            f"{len(eligible)} {_NEEDED[has_cameras]}, and at least one must remain to train on."
        )
    held_out = set(random.Random(0).sample(eligible, identities))
    queries = {
        pictures[0] for pid in held_out for pictures in cameras[pid].values() if len(pictures) > 1
    }
    return Splits(
        train=tuple(s for s in train if s.pid not in held_out),
        query=tuple(s for s in train if s in queries),
        gallery=tuple(s for s in train if s.pid in held_out and s not in queries),
        has_cameras=has_cameras,
    )


def split_by_identity(
    samples: Sequence[Sample],
    test_share: float,
    *,
    has_cameras: bool,
    not_read: Sequence[Path] = (),
) -> Splits:
    """Split a set that has no splits of its own: some identities to test on, the others to train.

    Distractors are in the gallery.

    Args:
        samples: of the whole set.
        test_share: of the identities that can be tested on, see `hold_out`.
        has_cameras, not_read: as in `Splits`.

    Raises:
        ReIDError: no identity can be tested on, or none would remain to train on.
    """
    cameras = _by_camera(samples, has_cameras)
    eligible = len(_eligible(cameras, has_cameras))
    tested = round(test_share * eligible)
    if not 0 < tested < len(cameras):
        raise ReIDError(
            f"data.test_share={test_share} leaves nobody to {'train' if tested else 'test'} on: of "
            f"{len(cameras)} people {eligible} {_NEEDED[has_cameras]}, and can be tested on."
        )
    splits = hold_out(samples, tested, has_cameras=has_cameras)
    strangers = tuple(s for s in samples if s.role == "distractor")
    return replace(
        splits,
        train=tuple(s for s in splits.train if s.role != "distractor"),
        gallery=splits.gallery + strangers,
        not_read=tuple(not_read),
    )


def _by_camera(samples: Sequence[Sample], has_cameras: bool) -> _ByCamera:
    cameras: _ByCamera = defaultdict(lambda: defaultdict(list))
    for s in people(samples):
        cameras[s.pid][s.camid if has_cameras else 0].append(s)
    return cameras


def _eligible(cameras: _ByCamera, has_cameras: bool) -> list[int]:
    return sorted(
        pid
        for pid, by_camera in cameras.items()
        if (len(by_camera) > 1 or not has_cameras)
        and any(len(pictures) > 1 for pictures in by_camera.values())
    )
