"""Embeddings of drawn people, and what calibrations are tried against."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class People(NamedTuple):
    embeddings: NDArray[np.float32]
    pids: NDArray[np.int64]
    camids: NDArray[np.int64]


def draw_people(count: int, seed: int, *, pictures: int = 6, noise: float = 0.8) -> People:
    """Some dressed alike, seen by three cameras, some of them harder to recognise than others."""
    random, size = np.random.default_rng(seed), 32
    shared = np.random.default_rng(12345)  # by all draws: clothes and cameras
    clothes, cameras = shared.normal(size=(12, size)), 0.3 * shared.normal(size=(3, size))
    people = (
        0.8 * random.normal(size=(count, size)) + 0.6 * clothes[random.integers(12, size=count)]
    )
    spread = noise * np.exp(0.3 * random.normal(size=count))
    pids = np.repeat(np.arange(count), pictures)
    camids = np.tile(np.arange(pictures) % 3, count)
    x = people[pids] + cameras[camids] + spread[pids, None] * random.normal(size=(len(pids), size))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return People(x.astype(np.float32), pids, camids)


def slow_pairs(people: People) -> tuple[list[float], list[float], list[tuple[int, int]]]:
    """Similarities of one person's pairs, of two people's, and who these are: by two cameras."""
    same, other, who = [], [], []
    similarities = (people.embeddings @ people.embeddings.T).tolist()
    for i in range(len(people.pids)):
        for j in range(i + 1, len(people.pids)):
            if people.camids[i] == people.camids[j]:
                continue
            if people.pids[i] == people.pids[j]:
                same.append(similarities[i][j])
            else:
                other.append(similarities[i][j])
                who.append((int(people.pids[i]), int(people.pids[j])))
    return same, other, who


def calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], bins: int = 15
) -> float:
    """The expected calibration error, both labels weighing the same (Naeini et al. 2015)."""
    weights = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    error = 0.0
    for index in range(bins):
        inside = np.minimum((probabilities * bins).astype(int), bins - 1) == index
        error += abs(float((weights * (probabilities - labels))[inside].sum()))
    return error
