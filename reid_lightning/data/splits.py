"""Training labels, and identities held out of training to validate on."""

import random
from collections import defaultdict
from collections.abc import Sequence

from reid_lightning.data.sample import DISTRACTOR, JUNK, Sample, Splits
from reid_lightning.errors import ReIDError


def labels_of(samples: Sequence[Sample]) -> dict[int, int]:
    """The label of every training pid: sorted pids renumbered from 0, alike in every process."""
    return {pid: label for label, pid in enumerate(sorted({s.pid for s in samples}))}


def hold_out(train: Sequence[Sample], identities: int) -> Splits:
    """Split training samples into a smaller training split, a validation query and gallery.

    The choice does not depend on the run's seed, so that runs are compared on the same people.
    Each held-out identity gives one query per camera in which it has more than one picture; its
    other pictures are the gallery. Only identities with a cross-camera match for at least one
    query are eligible, and none that is numbered as junk or distractors.

    Args:
        train: the official training samples.
        identities: how many to hold out.

    Raises:
        ReIDError: too few identities are eligible, or none would remain to train on.
    """
    cameras: dict[int, dict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for s in train:
        cameras[s.pid][s.camid].append(s)
    eligible = sorted(
        pid
        for pid, by_camera in cameras.items()
        if pid not in (JUNK, DISTRACTOR)
        and len(by_camera) > 1
        and any(len(pictures) > 1 for pictures in by_camera.values())
    )
    if identities > len(eligible) or identities >= len(cameras):
        raise ReIDError(
            f"data.val_identities={identities} is too many: of {len(cameras)} training identities "
            f"{len(eligible)} are seen by two cameras, and at least one must remain to train on."
        )
    held_out = set(random.Random(0).sample(eligible, identities))
    queries = {
        pictures[0] for pid in held_out for pictures in cameras[pid].values() if len(pictures) > 1
    }
    return Splits(
        train=tuple(s for s in train if s.pid not in held_out),
        query=tuple(s for s in train if s in queries),
        gallery=tuple(s for s in train if s.pid in held_out and s not in queries),
    )
