import math

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.losses import Criterion, pml_criterion, triplet_criterion

LABELS = torch.tensor([0, 0, 1, 1])


def make(**options: float) -> Criterion:
    defaults = {"num_classes": 3, "embedding_size": 5, "label_smoothing": 0.1}
    return triplet_criterion(
        mining="hard", margin=0.3, distance="euclidean", normalize=False, **(defaults | options)
    )


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(4, 5, generator=generator).requires_grad_(),
        torch.randn(4, 3, generator=generator).requires_grad_(),
    )


def test_label_smoothing_by_its_definition() -> None:
    x, logits = batch()
    diagnostics = Criterion(None, num_classes=3, embedding_size=5, label_smoothing=0.1)(
        x, logits, LABELS
    )
    log_p = logits.log_softmax(1)
    target = torch.full((4, 3), 0.1 / 3)
    target[range(4), LABELS] += 0.9
    assert torch.allclose(diagnostics["loss"], -(target * log_p).sum(1).mean())
    assert diagnostics.keys() == {"loss", "loss_id", "embedding_norm", "dist_pos", "dist_neg"}


def test_weighted_sum_of_both_terms() -> None:
    x, logits = batch()
    diagnostics = make(metric_weight=0.5, id_weight=2.0)(x, logits, LABELS)
    assert torch.allclose(
        diagnostics["loss"], 0.5 * diagnostics["loss_metric"] + 2 * diagnostics["loss_id"]
    )
    assert diagnostics.keys() == {
        "loss", "loss_id", "loss_metric", "active", "dist_pos", "dist_neg", "embedding_norm",
    }  # fmt: skip
    assert [name for name, value in diagnostics.items() if value.requires_grad] == ["loss"]


def test_id_weight_zero_keeps_every_gradient_for_ddp() -> None:
    x, logits = batch()
    make(id_weight=0.0)(x, logits, LABELS)["loss"].backward()
    assert logits.grad is not None and torch.all(logits.grad == 0)
    assert x.grad is not None and torch.any(x.grad != 0)


def test_embedding_norm_is_the_mean_norm() -> None:
    x, logits = batch()
    diagnostics = make()(x, logits, LABELS)
    assert float(diagnostics["embedding_norm"]) == pytest.approx(
        sum(math.sqrt(sum(v * v for v in row)) for row in x.tolist()) / 4
    )


def test_the_centre_loss_is_added_with_its_weight() -> None:
    x, logits = batch()
    diagnostics = make(center_weight=0.01)(x, logits, LABELS)
    total = diagnostics["loss_id"] + diagnostics["loss_metric"] + 0.01 * diagnostics["loss_center"]
    assert torch.allclose(diagnostics["loss"], total)


def test_a_network_with_parts_has_the_mean_of_its_heads_and_of_whole_and_joined() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 15, generator=generator)
    logits = torch.randn(4, 3, 7, generator=generator)
    parts = make(metric_weight=0.5, center_weight=0.01)(x, logits, LABELS)
    whole = [make(center_weight=0.01)(x[:, :5], logits[:, head], LABELS) for head in range(3)]
    joined = make(embedding_size=15)(x, logits[:, 0], LABELS)
    loss_id = sum(one["loss_id"] for one in whole) / 3
    loss_metric = (whole[0]["loss_metric"] + joined["loss_metric"]) / 2
    assert torch.allclose(parts["loss_id"], loss_id)
    assert torch.allclose(parts["loss_metric"], loss_metric)
    assert torch.equal(parts["loss_center"], whole[0]["loss_center"])
    total = loss_id + 0.5 * loss_metric + 0.01 * parts["loss_center"]
    assert torch.allclose(parts["loss"], total)
    for name in ("active", "dist_pos", "dist_neg", "embedding_norm"):
        assert torch.equal(parts[name], joined[name])


def test_distances_of_all_pairs_are_reported_where_nothing_is_mined() -> None:
    x, logits = batch()
    diagnostics = Criterion(None, num_classes=3, embedding_size=5, label_smoothing=0.1)(
        x, logits, LABELS
    )
    d = torch.cdist(x, x).detach()
    assert torch.allclose(diagnostics["dist_pos"], (d[0, 1] + d[2, 3]) / 2)
    assert torch.allclose(diagnostics["dist_neg"], d[:2, 2:].mean())


def test_the_margin_of_pytorch_metric_learning_must_be_a_number() -> None:
    with pytest.raises(ReIDError, match=r"loss\.margin=soft must be a number"):
        pml_criterion(metric=torch.nn.Identity(), num_classes=2, embedding_size=2, margin="soft")
