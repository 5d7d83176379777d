"""The quadruplet loss against its formula, for random and hard mining."""

import pytest
import torch
from slow import UNEVEN, Table, cost, distance, hard, mean, negatives, positives, table, unit
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.losses.mining import mine_random
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.sampling import label_segments, sample_other_identity, sample_uniforms

MARGIN, MARGIN2 = 0.4, 0.15
Quadruplet = tuple[int, int, int, int | None]


def hard_quadruplets(d: Table, labels: list[int]) -> list[Quadruplet]:
    """Farthest positive, nearest negative n1, and the n2 of a third identity nearest to n1."""
    quadruplets: list[Quadruplet] = []
    for a, p, n1 in hard(d, labels):
        third = [j for j in negatives(a, labels) if labels[j] != labels[n1]]
        quadruplets.append((a, p, n1, min(third, key=lambda j: d[n1][j]) if third else None))
    return quadruplets


def slow_loss(x: Tensor, quadruplets: list[Quadruplet], kind: str) -> Tensor:
    values = []
    for a, p, n1, n2 in quadruplets:
        d_pos = distance(x[a], x[p], kind)
        values.append(cost(d_pos - distance(x[a], x[n1], kind), MARGIN))
        if n2 is not None:
            values[-1] = values[-1] + cost(d_pos - distance(x[n2], x[n1], kind), MARGIN2)
    return mean(values)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
@pytest.mark.parametrize("labels", [UNEVEN, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]], ids=["four", "two"])
def test_batch_hard_equals_a_plain_loop(
    labels: list[int], kind: str, dtype: torch.dtype, tolerance: float
) -> None:
    ours, theirs = (unit(len(labels), dtype) for _ in range(2))
    loss = QuadrupletLoss("hard", MARGIN, MARGIN2, kind, normalize=False)
    value = loss(ours, torch.tensor(labels)).loss
    expected = slow_loss(theirs, hard_quadruplets(table(theirs, kind), labels), kind)
    value.backward()
    expected.backward()
    assert value.item() == pytest.approx(expected.item(), rel=tolerance)
    assert torch.allclose(ours.grad, theirs.grad, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
def test_random_equals_a_plain_loop_over_the_same_quadruplets(kind: str) -> None:
    labels = torch.tensor(UNEVEN)
    x = unit(len(UNEVEN), torch.float64)
    generator = torch.Generator().manual_seed(5)
    triplets = mine_random(labels, generator)
    uniforms, anchors = sample_uniforms(1, labels, generator)[0], torch.arange(len(UNEVEN))
    second, _ = sample_other_identity(uniforms, label_segments(labels), anchors, triplets.negative)
    quadruplets: list[Quadruplet] = []
    for a in range(len(UNEVEN)):
        if triplets.valid[a]:
            p, n1 = int(triplets.positive[a]), int(triplets.negative[a])
            n2 = int(second[a])
            assert p in positives(a, UNEVEN)
            assert len({UNEVEN[a], UNEVEN[n1], UNEVEN[n2]}) == 3
            quadruplets.append((a, p, n1, n2))
    loss = QuadrupletLoss("random", MARGIN, MARGIN2, kind, normalize=False)
    value = loss(x, labels, torch.Generator().manual_seed(5)).loss
    assert value.item() == pytest.approx(slow_loss(x, quadruplets, kind).item(), rel=1e-10)


@pytest.mark.parametrize("margins", [(0.1, 0.1), (0.1, 0.3)])
def test_the_second_margin_must_be_the_smaller(margins: tuple) -> None:
    with pytest.raises(ReIDError, match=r"loss\.margin=0\.1 must be larger than loss\.margin2="):
        QuadrupletLoss("hard", *margins, normalize=False)
