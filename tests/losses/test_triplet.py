"""Triplet losses against slow plain loops, computed by hand, and in numerically hard cases."""

import math
import random
from collections.abc import Callable
from functools import partial

import pytest
import torch
from slow import UNEVEN, Rule, every, hard, mean, semihard, table, terms, unit
from torch import Tensor

from reid_lightning.distances import pairwise_distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.mining import mine_random, mine_semihard
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.reduction import MetricTerms
from reid_lightning.losses.triplet import TripletLoss

KINDS = ["euclidean", "squared", "cosine"]
DTYPES = [(torch.float32, 1e-5), (torch.float64, 1e-10)]


def check(loss: torch.nn.Module, slow: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    """Equal in value and gradient."""
    tolerance = dict(DTYPES)[dtype]
    ours, theirs = (unit(len(UNEVEN), dtype) for _ in range(2))
    value, expected = loss(ours, torch.tensor(UNEVEN)).loss, slow(theirs)
    value.backward()
    expected.backward()
    assert value.dtype == dtype
    assert value.item() == pytest.approx(expected.item(), rel=tolerance)
    assert torch.allclose(ours.grad, theirs.grad, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", dict(DTYPES))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize("rule", [hard, semihard], ids=["hard", "semihard"])
def test_mined_triplets_equal_a_plain_loop(
    rule: Rule, margin: float | str, kind: str, dtype: torch.dtype
) -> None:
    def slow(x: Tensor) -> Tensor:
        return mean(terms(x, list(rule(table(x, kind), UNEVEN)), margin, kind))

    check(TripletLoss(rule.__name__, margin, kind, normalize=False), slow, dtype)


@pytest.mark.parametrize("dtype", dict(DTYPES))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize("mining", ["all", "nonzero"])
def test_batch_all_equals_a_plain_loop(
    mining: str, margin: float | str, kind: str, dtype: torch.dtype
) -> None:
    def slow(x: Tensor) -> Tensor:
        every_term = terms(x, list(every([], UNEVEN)), margin, kind)
        if mining == "nonzero":
            every_term = [t for t in every_term if t.item() > 0]
        return mean(every_term)

    check(BatchAllLoss(mining, margin, kind, normalize=False), slow, dtype)


@pytest.mark.parametrize("dtype", dict(DTYPES))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("margin", [0.3, "soft"])
def test_random_triplets_equal_a_plain_loop(
    margin: float | str, kind: str, dtype: torch.dtype
) -> None:
    labels = torch.tensor(UNEVEN)
    mined = mine_random(labels, torch.Generator().manual_seed(3))
    triplets = [
        (a, int(mined.positive[a]), int(mined.negative[a]))
        for a in range(len(UNEVEN))
        if mined.valid[a]
    ]
    loss = TripletLoss("random", margin, kind, normalize=False)

    class Seeded(torch.nn.Module):
        def forward(self, x: Tensor, labels: Tensor) -> MetricTerms:
            return loss(x, labels, torch.Generator().manual_seed(3))

    check(Seeded(), lambda x: mean(terms(x, triplets, margin, kind)), dtype)


LOSSES: dict[str, Callable[..., torch.nn.Module]] = {
    "random": partial(TripletLoss, "random"),
    "hard": partial(TripletLoss, "hard"),
    "semihard": partial(TripletLoss, "semihard"),
    "all": partial(BatchAllLoss, "all"),
    "nonzero": partial(BatchAllLoss, "nonzero"),
    "quadruplet": lambda margin, kind="euclidean", **o: QuadrupletLoss("hard", 0.3, 0.1, kind, **o),
    "quadruplet random": lambda margin, kind="euclidean", **o: QuadrupletLoss(
        "random", 0.3, 0.1, kind, **o
    ),
}


DETERMINISTIC = ["hard", "semihard", "all", "nonzero", "quadruplet"]


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_equals_float32_on_the_rounded_inputs(
    name: str, kind: str, half: torch.dtype
) -> None:
    labels = torch.tensor(UNEVEN)
    loss = LOSSES[name](0.3, kind, normalize=False)
    rounded = unit(len(UNEVEN), half)
    in_float32 = rounded.detach().float().requires_grad_()
    values = [loss(x, labels, torch.Generator().manual_seed(0)).loss for x in (rounded, in_float32)]
    for value in values:
        value.backward()
    assert values[0].dtype == torch.float32 and torch.equal(*values)
    assert torch.equal(rounded.grad, in_float32.grad.to(half))


def test_semihard_by_hand_with_the_fallback() -> None:
    """On a line: anchor 0; positive at 2; negatives at 1 and 3; then both negatives nearer."""
    x = torch.tensor([[0.0], [2.0], [1.0], [3.0]])
    labels = torch.tensor([0, 0, 1, 1])
    triplets = mine_semihard(pairwise_distance(x), labels)
    assert triplets.valid[0].tolist() == [False, True, False, False]
    assert triplets.negative[0, 1] == 3, "the nearest negative that is farther than the positive"
    x = torch.tensor([[0.0], [2.0], [1.0], [1.5]])
    triplets = mine_semihard(pairwise_distance(x), labels)
    assert triplets.negative[0, 1] == 3, "no negative is farther: the farthest negative"


def test_a_negative_at_the_positives_distance_is_not_farther() -> None:
    x = torch.tensor([[0.0], [2.0], [-2.0], [3.0]])
    triplets = mine_semihard(pairwise_distance(x), torch.tensor([0, 0, 1, 1]))
    assert triplets.negative[0, 1] == 3


def test_random_triplets_are_valid_and_all_are_sampled() -> None:
    labels = torch.tensor(UNEVEN)
    generator = torch.Generator().manual_seed(0)
    pairs: set[tuple[int, int]] = set()
    for _ in range(300):
        triplets = mine_random(labels, generator)
        rows = torch.arange(len(labels))[triplets.valid]
        positive, negative = triplets.positive[rows], triplets.negative[rows]
        assert torch.all(labels[rows] == labels[positive]) and torch.all(rows != positive)
        assert torch.all(labels[rows] != labels[negative])
        assert 5 not in rows, "the only picture of its identity has no positive"
        pairs.add((int(positive[0]), int(negative[0])))
    assert len(pairs) == 2 * 7, "every positive–negative pair of anchor 0 is sampled"


def test_random_triplets_depend_on_the_generator_alone() -> None:
    labels = torch.tensor(UNEVEN)
    first, second = (mine_random(labels, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize(
    "labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one", "one identity", "no positives"]
)
def test_a_batch_without_triplets_has_a_zero_loss_that_keeps_the_graph(
    name: str, margin: float | str, labels: list[int]
) -> None:
    x = torch.randn(len(labels), 4, requires_grad=True)
    terms = LOSSES[name](margin, normalize=False)(x, torch.tensor(labels, dtype=torch.long))
    terms.loss.backward()
    assert terms.loss.item() == 0 and torch.all(x.grad == 0)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("case", ["equal", "duplicates", "large", "bfloat16", "float16"])
def test_hard_cases_are_finite(name: str, normalize: bool, case: str) -> None:
    x = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    x = {
        "equal": torch.ones(10, 4),
        "duplicates": x[:1].expand(10, 4) * torch.tensor(UNEVEN)[:, None],
        "large": x * 1e15,
        "bfloat16": x.bfloat16(),
        "float16": x.half() * 1000,
    }[case]
    x = x.clone().requires_grad_()
    terms = LOSSES[name](0.3, normalize=normalize)(x, torch.tensor(UNEVEN))
    terms.loss.backward()
    assert math.isfinite(terms.loss.item()) and torch.isfinite(x.grad).all()


def test_all_equal_embeddings_cost_the_margin() -> None:
    x = torch.ones(10, 4)
    for margin, cost in ((0.3, 0.3), ("soft", math.log(2))):
        loss = TripletLoss("hard", margin, normalize=False)(x, torch.tensor(UNEVEN)).loss
        assert float(loss) == pytest.approx(cost)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_order_of_the_batch_changes_nothing(name: str) -> None:
    x, labels = unit(10, torch.float64), torch.tensor(UNEVEN)
    order = torch.tensor(random.Random(0).sample(range(10), 10))
    loss = LOSSES[name](0.3, normalize=False)
    before, after = loss(x, labels).loss, loss(x[order], labels[order]).loss
    assert before.item() == pytest.approx(after.item())


def test_diagnostics_describe_the_mined_triplets() -> None:
    x = torch.tensor([[0.0], [1.0], [10.0], [11.5]])
    terms = TripletLoss("hard", 8.7, normalize=False)(x, torch.tensor([0, 0, 1, 1]))
    # Anchors: d_pos 1, 1, 1.5, 1.5; d_neg 10, 9, 9, 10.5 → terms 0, 0.7, 1.2, 0.
    assert float(terms.loss) == pytest.approx(1.9 / 4)
    assert float(terms.active) == pytest.approx(2 / 4)
    assert float(terms.dist_pos) == pytest.approx(1.25)
    assert float(terms.dist_neg) == pytest.approx(9.625)


@pytest.mark.parametrize("option", [{"mining": "easy"}, {"margin": "hard"}, {"distance": "l3"}])
def test_an_unknown_choice_is_an_error(option: dict) -> None:
    (key,) = option
    with pytest.raises(ReIDError, match=rf"loss\.{key}="):
        TripletLoss(**({"mining": "hard", "margin": 0.3, "normalize": False} | option))
