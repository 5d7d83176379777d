import pytest
import torch

from reid_lightning.losses.reduction import Margin, is_active, masked_mean, triplet_terms


@pytest.mark.parametrize(
    ("margin", "active"),
    [("soft", [False, False, False, True, True]), (0.5, [False, False, True, True, True])],
)
def test_a_triplet_is_active_where_the_margin_is_not_kept(
    margin: Margin, active: list[bool]
) -> None:
    """At the margin itself the loss is zero; the soft one counts wrong orders, not all losses."""
    difference = torch.tensor([-2.0, -0.5, 0.0, 0.25, 2.0])
    assert is_active(difference, margin).tolist() == active


def test_one_triplet_is_its_own_mean() -> None:
    values, mask = torch.tensor([3.0, 7.0]), torch.tensor([False, True])
    assert float(masked_mean(values, mask)) == 7.0
    terms = triplet_terms(values, torch.tensor([1.0, 6.5]), mask, 0.25)
    assert [float(x) for x in terms] == [0.75, 1.0, 7.0, 6.5]


def test_no_triplet_is_zero_and_has_a_gradient() -> None:
    values = torch.tensor([3.0, 7.0], requires_grad=True)
    nowhere = torch.zeros(2, dtype=torch.bool)
    for mean in (masked_mean(values, nowhere), triplet_terms(values, values, nowhere, "soft").loss):
        assert mean.item() == 0
        (gradient,) = torch.autograd.grad(mean, values)
        assert gradient.tolist() == [0, 0]
