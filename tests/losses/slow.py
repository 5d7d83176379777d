"""Slow references in plain Python: loops over the definitions, one distance at a time."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

UNEVEN = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]  # identity 2 has a single picture

Table = list[list[float]]
Rule = Callable[[Table, list[int]], Iterator[tuple[int, int, int]]]


def distance(a: Tensor, b: Tensor, kind: str) -> Tensor:
    if kind == "cosine":
        return 1 - a @ b / (a.norm() * b.norm())
    squared = ((a - b) ** 2).sum()
    return squared if kind == "squared" else squared.sqrt()


def table(x: Tensor, kind: str) -> Table:
    return [[distance(a, b, kind).item() for b in x.detach()] for a in x.detach()]


def positives(a: int, labels: list[int]) -> list[int]:
    return [j for j, other in enumerate(labels) if other == labels[a] and j != a]


def negatives(a: int, labels: list[int]) -> list[int]:
    return [j for j, other in enumerate(labels) if other != labels[a]]


def hard(d: Table, labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """Hermans et al. 2017: farthest positive, nearest negative."""
    for a in range(len(labels)):
        pos, neg = positives(a, labels), negatives(a, labels)
        if pos and neg:
            yield a, max(pos, key=lambda j: d[a][j]), min(neg, key=lambda j: d[a][j])


def semihard(d: Table, labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """TensorFlow Addons' rule: one negative for every anchor-positive pair."""
    for a in range(len(labels)):
        neg = negatives(a, labels)
        for p in positives(a, labels):
            farther = [j for j in neg if d[a][j] > d[a][p]]
            if farther:
                yield a, p, min(farther, key=lambda j: d[a][j])
            elif neg:
                yield a, p, max(neg, key=lambda j: d[a][j])


def every(d: Table, labels: list[int]) -> Iterator[tuple[int, int, int]]:
    for a in range(len(labels)):
        for p in positives(a, labels):
            for n in negatives(a, labels):
                yield a, p, n


def cost(difference: Tensor, margin: float | str) -> Tensor:
    if margin == "soft":
        return torch.log1p(difference.exp())
    return (difference + margin).clamp(min=0)


def terms(
    x: Tensor, triplets: list[tuple[int, int, int]], margin: float | str, kind: str
) -> list[Tensor]:
    return [
        cost(distance(x[a], x[p], kind) - distance(x[a], x[n], kind), margin)
        for a, p, n in triplets
    ]


def mean(values: list[Tensor]) -> Tensor:
    return sum(values) / max(len(values), 1)


def unit(count: int, dtype: torch.dtype, seed: int = 0, size: int = 6) -> Tensor:
    """Unit-norm embeddings without near-duplicates."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, size, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(x).to(dtype).requires_grad_()
