import pytest
import torch

from reid_lightning.losses.center import CenterLoss

LABELS = [0, 0, 2]


def test_half_the_mean_squared_distance_to_the_centre() -> None:
    loss = CenterLoss(3, 2).eval()
    loss.centers.copy_(torch.tensor([[1.0, 0.0], [9.0, 9.0], [0.0, 2.0]]))
    x = torch.tensor([[1.0, 1.0], [3.0, 0.0], [0.0, 0.0]], requires_grad=True)
    value = loss(x, torch.tensor(LABELS))
    value.backward()
    assert value.item() == pytest.approx(0.5 * (1 + 4 + 4) / 3)
    assert torch.allclose(x.grad, (x.detach() - loss.centers[LABELS]) / 3)


def test_centres_move_by_the_papers_update_in_training_mode_only() -> None:
    loss = CenterLoss(3, 2)
    x = torch.tensor([[3.0, 0.0], [3.0, 6.0], [4.0, 4.0]])
    loss.eval()(x, torch.tensor(LABELS))
    assert torch.all(loss.centers == 0)
    loss.train()(x, torch.tensor(LABELS))
    # Identity 0 has two pictures, identity 2 has one: rate · sum / (1 + n).
    expected = torch.tensor([[0.5 * 6 / 3, 0.5 * 6 / 3], [0.0, 0.0], [0.5 * 4 / 2, 0.5 * 4 / 2]])
    assert torch.allclose(loss.centers, expected)
