"""The pictures of the synthetic set: who is seen when, by which camera, in which folder."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reid_lightning.data.synthetic.walk import CAMERAS, RECORDING, sequence_ends, stamp, walk

Folder = Literal["bounding_box_train", "query", "bounding_box_test"]

# Random numbers are a function of (seed, purpose, person or camera), never of the drawing order.
LOOK, WALK, VISIT, PICTURE, SCENE = range(5)
STRANGERS = 10_000  # people without a label are numbered from here, above every pid
DISTRACTOR, JUNK = 0, -1


@dataclass(frozen=True)
class Shot:
    """One picture: person `person`, labelled `pid`, seen by `camera` (from 0) at `time`."""

    folder: Folder
    pid: int
    person: int
    camera: int
    time: int
    index: int  # of the picture among those of one person


def generator(seed: int, purpose: int, *key: int) -> np.random.Generator:
    """The random numbers for one purpose and for the person, camera or picture of `key`."""
    return np.random.default_rng([seed, purpose, *key])


def _shots(
    seed: int, person: int, pid: int, folders: list[Folder], pictures: tuple[int, int]
) -> list[Shot]:
    """Every picture of one person: of each visit one a folder, all others in the last."""
    rng = generator(seed, WALK, person)
    shots: list[Shot] = []
    for visit in walk(rng):
        time = visit.time
        for k in range(rng.integers(pictures[0], pictures[1] + 1)):
            time += int(rng.integers(10, 50))
            folder = folders[min(k, len(folders) - 1)]
            shots.append(Shot(folder, pid, person, visit.camera, time, len(shots)))
    return shots


def plan_shots(train_identities: int, test_identities: int, seed: int) -> list[Shot]:
    """All pictures of the set; training pids count from 1, test pids follow them."""
    shots: list[Shot] = []
    people = train_identities + test_identities
    for pid in range(1, train_identities + 1):
        shots += _shots(seed, pid, pid, ["bounding_box_train"], (3, 5))
    for pid in range(train_identities + 1, people + 1):
        shots += _shots(seed, pid, pid, ["query", "bounding_box_test"], (4, 6))
    for k in range(STRANGERS, STRANGERS + test_identities // 4):
        shots += _shots(seed, k, DISTRACTOR, ["bounding_box_test"], (2, 4))

    # Junk closes every sequence, so that the largest frame number is the sequence's length.
    rng = generator(seed, WALK, STRANGERS + people)
    moments = [(visit.camera, visit.time) for visit in sequence_ends()]
    moments += [
        (int(rng.integers(CAMERAS)), int(rng.integers(RECORDING)))
        for _ in range(2 * test_identities)
    ]
    for index, (camera, time) in enumerate(moments):
        person = train_identities + 1 + int(rng.integers(test_identities))
        shots.append(Shot("bounding_box_test", JUNK, person, camera, time, 1000 + index))
    return shots


def names(shots: list[Shot]) -> list[str]:
    """The file names `pid_cCsS_FRAME_BOX.jpg` of all shots; no two are equal."""
    boxes: Counter[str] = Counter()
    result = []
    for shot in shots:
        sequence, frame = stamp(shot.camera, shot.time)
        pid = "-1" if shot.pid == JUNK else f"{shot.pid:04d}"
        stem = f"{pid}_c{shot.camera + 1}s{sequence}_{frame:06d}"
        boxes[stem] += 1
        result.append(f"{stem}_{boxes[stem]:02d}.jpg")
    return result
