"""Where a person of the synthetic set is at which time: walks over a graph of cameras."""

from dataclasses import dataclass

import numpy as np

CAMERAS = 6

# Mean and spread of the travel time between neighbouring cameras, in frames (25 a second). Start
# times spread over a recording twenty times as long, so that time gaps distinguish people.
TRAVEL: dict[tuple[int, int], tuple[float, float]] = {
    (0, 1): (1500, 200),
    (1, 2): (4000, 500),
    (2, 3): (2500, 300),
    (3, 4): (6000, 800),
    (4, 5): (3000, 400),
    (0, 5): (9000, 1200),
    (1, 4): (5000, 600),
}
RECORDING = 200_000

# How long each camera had been running when the recording began, and the sequences of its clock.
LEAD = (1_500, 3_100, 800, 5_200, 1_900, 4_000)
SEQUENCES: tuple[tuple[int, ...], ...] = (
    (70_000, 80_000, 55_000),
    (120_000, 86_000),
    (90_000, 60_000, 54_000),
    (208_000,),
    (64_000, 72_000, 70_000),
    (100_000, 107_000),
)


@dataclass(frozen=True)
class Visit:
    """A person comes into view of `camera` (from 0) at `time`, in frames."""

    camera: int
    time: int


def walk(rng: np.random.Generator) -> list[Visit]:
    """The visits of one random walk: two to five different cameras, each next to the last one."""
    length = int(rng.choice([2, 3, 4, 5], p=[0.1, 0.2, 0.35, 0.35]))
    cameras, times = [int(rng.integers(CAMERAS))], [0.0]
    while len(cameras) < length:
        camera = cameras[-1]
        roads = [pair for pair in TRAVEL if camera in pair]
        ahead = [a + b - camera for a, b in roads if a + b - camera not in cameras]
        if not ahead:
            break
        neighbour = int(rng.choice(ahead))
        mean, spread = TRAVEL[min(camera, neighbour), max(camera, neighbour)]
        cameras.append(neighbour)
        times.append(times[-1] + max(0.5 * mean, rng.normal(mean, spread)))
    start = rng.uniform(0, RECORDING - times[-1])
    return [Visit(camera, int(start + t)) for camera, t in zip(cameras, times, strict=True)]


def stamp(camera: int, time: int) -> tuple[int, int]:
    """The sequence (from 1) and the frame (from 1) of `camera` at `time`, in frames."""
    frame = time + LEAD[camera]
    for sequence, length in enumerate(SEQUENCES[camera], start=1):
        if frame <= length:
            return sequence, frame
        frame -= length
    raise ValueError(
        f"Camera {camera + 1} stopped recording at frame {sum(SEQUENCES[camera]) - LEAD[camera]}, "
        f"so that it has no frame {time}; choose an earlier time."
    )


def sequence_ends() -> list[Visit]:
    """The last frame of every sequence: a picture there makes the sequence's length known."""
    return [
        Visit(camera, sum(lengths[: s + 1]) - LEAD[camera])
        for camera, lengths in enumerate(SEQUENCES)
        for s in range(len(lengths))
    ]
