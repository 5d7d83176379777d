import numpy as np
import pytest
from people import People, draw_people

from reid_lightning.inference.absent_thresholds import absent_thresholds, false_positive_rate


def thresholds(people: People, rate: float = 0.1) -> tuple[list[int], list[float]]:
    x = people.embeddings
    found = absent_thresholds(x @ x.T, people.pids, rate)
    assert found is not None
    return found


def best_non_matches(people: People, size: int, draws: int, seed: int) -> np.ndarray:
    """Each picture searched, `draws` times, among so many pictures of others."""
    random, similarities = np.random.default_rng(seed), people.embeddings @ people.embeddings.T
    best = []
    for row, own in zip(similarities, people.pids, strict=True):
        others = row[people.pids != own]
        best += [random.choice(others, size, replace=False).max() for _ in range(draws)]
    return np.array(best)


@pytest.mark.parametrize("size", [1, 5, 30, 120])
def test_a_tenth_of_the_searches_reaches_it(size: int) -> None:
    people = draw_people(40, seed=0)
    sizes, similarities = thresholds(people)
    similarity = np.interp(np.log(size), np.log(sizes), similarities)
    reached = np.mean(best_non_matches(people, size, draws=20, seed=1) >= similarity)
    assert reached == pytest.approx(0.1, abs=0.015)


def test_a_larger_gallery_of_other_people_is_never_worse_than_said() -> None:
    sizes, similarities = thresholds(draw_people(100, seed=0))
    assert sizes[-1] > 5 * 600
    size, similarity = sizes[-1], similarities[-1]
    gallery = draw_people(-(-size // 6), seed=5).embeddings
    probes = draw_people(400, seed=6, pictures=3).embeddings
    reached = np.mean((probes @ gallery.T).max(1) >= similarity)
    assert 0.005 < reached < 0.13  # a tenth, or less, up to the draw of a hundred people


def test_sizes_and_similarities_ascend() -> None:
    sizes, similarities = thresholds(draw_people(30, seed=0))
    assert sizes[0] == 1 and 174 in sizes  # all pictures of the others
    assert sizes == sorted({*sizes}) and similarities == sorted(similarities)
    assert sizes[-1] <= 174 * np.log(0.9) / np.log(1 - 1 / 30) <= sizes[-1] + 1


def test_the_chance_is_that_of_drawing_without_replacement() -> None:
    # Of 4 pictures, one reaches it: 2 drawn hold it half of the time. Of 5, none does.
    assert false_positive_rate(np.array([1, 0]), np.array([4, 5]), 2) == pytest.approx(0.25)
    assert false_positive_rate(np.array([3]), np.array([4]), 2) == 1


def test_equal_similarities_are_no_endless_search() -> None:
    people = draw_people(20, seed=0)
    same = np.ones((120, 120), np.float32)
    found = absent_thresholds(same, people.pids, 0.1)
    assert found is not None
    assert all(1 < similarity < 1.001 for similarity in found.similarities)
