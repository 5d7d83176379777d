"""Properties that hold for every batch."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.triplet import TripletLoss

Make = Callable[[float], torch.nn.Module]
TRIPLETS: dict[str, Make] = {
    "hard": lambda m: TripletLoss("hard", m, normalize=False),
    "semihard": lambda m: TripletLoss("semihard", m, normalize=False),
    "all": lambda m: BatchAllLoss("all", m, normalize=False),
    "nonzero": lambda m: BatchAllLoss("nonzero", m, normalize=False),
}
FIXED = TRIPLETS | {"quadruplet": lambda m: QuadrupletLoss("hard", m, m / 2, normalize=False)}
FEWER_EXAMPLES = settings(max_examples=40, deadline=None)


def batch(seed: int, size: int = 12) -> tuple[Tensor, Tensor]:
    """Random labels, with single pictures, one identity only and uneven counts among them."""
    generator = torch.Generator().manual_seed(seed)
    identities = int(torch.randint(1, 6, (), generator=generator))
    labels = torch.randint(0, identities, (size,), generator=generator)
    return torch.randn(size, 3, generator=generator, dtype=torch.float64), labels


@pytest.mark.parametrize("name", FIXED)
@given(seed=st.integers(0, 10**6))
@FEWER_EXAMPLES
def test_permuting_the_batch_changes_nothing(name: str, seed: int) -> None:
    x, labels = batch(seed)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    loss = FIXED[name](0.3)
    before, after = loss(x, labels), loss(x[order], labels[order])
    for first, second in zip(before, after, strict=True):
        assert float(first) == pytest.approx(float(second), rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 10**6), margin=st.sampled_from([0.3, "soft"]))
@FEWER_EXAMPLES
def test_a_far_picture_of_another_identity_changes_no_batch_hard_loss(
    seed: int, margin: float | str
) -> None:
    x, labels = batch(seed)
    if len(labels.unique()) == 1:
        return
    loss = TripletLoss("hard", margin, normalize=False)
    far = torch.full((1, 3), 1e3, dtype=x.dtype)
    more_labels = torch.cat([labels, labels.max()[None] + 1])
    assert float(loss(torch.cat([x, far]), more_labels).loss) == float(loss(x, labels).loss)


@pytest.mark.parametrize("name", TRIPLETS)
@given(seed=st.integers(0, 10**6))
@FEWER_EXAMPLES
def test_separated_identities_cost_nothing_at_margin_zero(name: str, seed: int) -> None:
    x, labels = batch(seed)
    x = 0.01 * x + 10 * labels[:, None]
    terms = TRIPLETS[name](0.0)(x, labels)
    assert float(terms.loss) == 0 and float(terms.active) == 0


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("kind", ["duplicates", "all equal"])
def test_gradients_at_distance_zero_are_finite(name: str, kind: str) -> None:
    x, labels = batch(3)
    x = x[labels] if kind == "duplicates" else torch.ones_like(x)
    x.requires_grad_()
    FIXED[name](0.3)(x, labels).loss.backward()
    assert torch.isfinite(x.grad).all()
