"""Triplet losses against slow plain loops, by hand, and in the hard cases."""

import math
import random
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from reid_lightning.distances import pairwise_distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.mining import mine_random, mine_semihard
from reid_lightning.losses.triplet import TripletLoss

UNEVEN = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]


def slow_distance(a: Tensor, b: Tensor, kind: str) -> Tensor:
    if kind == "cosine":
        return 1 - a @ b / (a.norm() * b.norm())
    squared = ((a - b) ** 2).sum()
    return squared if kind == "squared" else squared.sqrt()


Rule = Callable[[list[list[float]], list[int]], Iterator[tuple[int, int, int]]]


def hard(d: list[list[float]], labels: list[int]) -> Iterator[tuple[int, int, int]]:
    for a, label in enumerate(labels):
        positives = [j for j, other in enumerate(labels) if other == label and j != a]
        negatives = [j for j, other in enumerate(labels) if other != label]
        if positives and negatives:
            yield a, max(positives, key=lambda j: d[a][j]), min(negatives, key=lambda j: d[a][j])


def semihard(d: list[list[float]], labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """TensorFlow Addons' rule: one negative for every anchor-positive pair."""
    for a, label in enumerate(labels):
        negatives = [j for j, other in enumerate(labels) if other != label]
        for p, other in enumerate(labels):
            if other == label and p != a and negatives:
                farther = [j for j in negatives if d[a][j] > d[a][p]]
                if farther:
                    yield a, p, min(farther, key=lambda j: d[a][j])
                else:
                    yield a, p, max(negatives, key=lambda j: d[a][j])


def slow_loss(x: Tensor, labels: list[int], rule: Rule, margin: float | str, kind: str) -> Tensor:
    table = [[float(slow_distance(a, b, kind)) for b in x.detach()] for a in x.detach()]
    terms = []
    for a, p, n in rule(table, labels):
        difference = slow_distance(x[a], x[p], kind) - slow_distance(x[a], x[n], kind)
        terms.append(
            torch.log1p(difference.exp())
            if margin == "soft"
            else (difference + margin).clamp(min=0)
        )
    return torch.stack(terms).mean()


def embeddings(count: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    x = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(x).to(dtype).requires_grad_()


@pytest.mark.parametrize("rule", [hard, semihard], ids=["hard", "semihard"])
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_equals_a_plain_loop_in_value_and_gradient(
    rule: Rule, margin: float | str, kind: str, dtype: torch.dtype, tolerance: float
) -> None:
    ours, theirs = (embeddings(len(UNEVEN), dtype) for _ in range(2))
    labels = torch.tensor(UNEVEN)
    loss = TripletLoss(rule.__name__, margin, kind, normalize=False)(ours, labels).loss
    expected = slow_loss(theirs, UNEVEN, rule, margin, kind)
    loss.backward()
    expected.backward()
    assert loss.dtype == dtype
    assert loss.item() == pytest.approx(expected.item(), rel=tolerance)
    assert torch.allclose(ours.grad, theirs.grad, rtol=tolerance, atol=tolerance)


def test_semihard_by_hand_with_the_fallback() -> None:
    """On a line: anchor 0; positive at 2; negatives at 1 and 3; then both nearer than 2."""
    x = torch.tensor([[0.0], [2.0], [1.0], [3.0]])
    labels = torch.tensor([0, 0, 1, 1])
    picked = mine_semihard(pairwise_distance(x, x), labels)
    assert picked.valid[0].tolist() == [False, True, False, False]
    assert picked.negative[0, 1] == 3, "the nearest negative that is farther than the positive"
    x = torch.tensor([[0.0], [2.0], [1.0], [1.5]])
    picked = mine_semihard(pairwise_distance(x, x), labels)
    assert picked.negative[0, 1] == 3, "none is farther: the farthest negative"


def test_a_negative_at_the_positives_distance_is_not_farther() -> None:
    x = torch.tensor([[0.0], [2.0], [-2.0], [3.0]])
    picked = mine_semihard(pairwise_distance(x, x), torch.tensor([0, 0, 1, 1]))
    assert picked.negative[0, 1] == 3


def test_random_triplets_are_valid_fresh_and_uniform() -> None:
    labels = torch.tensor(UNEVEN)
    generator = torch.Generator().manual_seed(0)
    seen: set[tuple[int, int]] = set()
    for _ in range(300):
        picked = mine_random(labels, generator)
        rows = torch.arange(len(labels))[picked.valid[:, 0]]
        positive, negative = picked.positive[rows, 0], picked.negative[rows, 0]
        assert torch.all(labels[rows] == labels[positive]) and torch.all(rows != positive)
        assert torch.all(labels[rows] != labels[negative])
        assert 5 not in rows, "the only picture of its identity has no positive"
        seen.add((int(positive[0]), int(negative[0])))
    assert len(seen) == 2 * 7, "every positive and negative of anchor 0 is drawn at some time"


def test_random_triplets_are_the_generators() -> None:
    labels = torch.tensor(UNEVEN)
    one, two = (mine_random(labels, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("mining", ["random", "hard", "semihard"])
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize(
    "labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one", "one identity", "no positives"]
)
def test_nothing_to_learn_from_is_a_zero_loss_that_keeps_the_graph(
    mining: str, margin: float | str, labels: list[int]
) -> None:
    x = torch.randn(len(labels), 4, requires_grad=True)
    terms = TripletLoss(mining, margin, normalize=False)(x, torch.tensor(labels, dtype=torch.long))
    terms.loss.backward()
    assert terms.loss.item() == 0 and torch.all(x.grad == 0)


@pytest.mark.parametrize("mining", ["random", "hard", "semihard"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("case", ["equal", "duplicates", "large", "bfloat16", "float16"])
def test_hard_cases_are_finite(mining: str, normalize: bool, case: str) -> None:
    x = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    x = {
        "equal": torch.ones(10, 4),
        "duplicates": x[:1].expand(10, 4) * torch.tensor(UNEVEN)[:, None],
        "large": x * 1e15,
        "bfloat16": x.bfloat16(),
        "float16": x.half() * 1000,
    }[case]
    x = x.clone().requires_grad_()
    terms = TripletLoss(mining, 0.3, normalize=normalize)(x, torch.tensor(UNEVEN))
    terms.loss.backward()
    assert math.isfinite(terms.loss.item()) and torch.isfinite(x.grad).all()


def test_all_equal_embeddings_cost_the_margin() -> None:
    x = torch.ones(10, 4)
    for margin, cost in ((0.3, 0.3), ("soft", math.log(2))):
        loss = TripletLoss("hard", margin, normalize=False)(x, torch.tensor(UNEVEN)).loss
        assert float(loss) == pytest.approx(cost)


@pytest.mark.parametrize("mining", ["hard", "semihard"])
def test_order_of_the_batch_changes_nothing(mining: str) -> None:
    x, labels = embeddings(10, torch.float64), torch.tensor(UNEVEN)
    order = torch.tensor(random.Random(0).sample(range(10), 10))
    loss = TripletLoss(mining, 0.3, normalize=False)
    assert float(loss(x, labels).loss) == pytest.approx(float(loss(x[order], labels[order]).loss))


def test_diagnostics_tell_what_was_mined() -> None:
    x = torch.tensor([[0.0], [1.0], [10.0], [11.5]])
    terms = TripletLoss("hard", 8.7, normalize=False)(x, torch.tensor([0, 0, 1, 1]))
    # Anchors: d_pos 1, 1, 1.5, 1.5; d_neg 10, 9, 9, 10.5 → terms 0, 0.7, 1.2, 0.
    assert float(terms.loss) == pytest.approx(1.9 / 4)
    assert float(terms.active) == pytest.approx(2 / 4)
    assert float(terms.dist_pos) == pytest.approx(1.25)
    assert float(terms.dist_neg) == pytest.approx(9.625)


@pytest.mark.parametrize("option", [{"mining": "easy"}, {"margin": "hard"}, {"distance": "l3"}])
def test_an_unknown_choice_is_told(option: dict) -> None:
    (key,) = option
    with pytest.raises(ReIDError, match=rf"loss\.{key}="):
        TripletLoss(**({"mining": "hard", "margin": 0.3, "normalize": False} | option))
