"""The map pooled whole and in stripes, against a network written out by hand."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder, load_weights
from reid_lightning.models.pooling import GeM, stripes


class Rows(nn.Module):
    """A backbone that leaves its pictures' rows as they are."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.num_features = channels
        self.layer = nn.Conv2d(3, channels, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images)


def make(**options: object) -> Embedder:
    torch.manual_seed(0)
    return Embedder(Rows(), 5, **options)


IMAGES = torch.rand(6, 3, 4, 2, generator=torch.Generator().manual_seed(1))


def test_each_part_has_its_own_layers() -> None:
    model = make(parts=2, embedding=7).train()
    features = model(IMAGES)
    maps = model.backbone(IMAGES)
    regions = maps, maps[:, :, :2], maps[:, :, 2:]
    layers = model.embedding, *model.part_embeddings
    classifiers = model.classifier, *model.part_classifiers
    for i, region in enumerate(regions):
        own = slice(7 * i, 7 * (i + 1))
        feature = layers[i](region.mean((2, 3)))
        normed = F.batch_norm(feature, None, None, training=True)
        assert torch.allclose(features.metric[:, own], feature, atol=1e-6)
        assert torch.allclose(features.retrieval[:, own], normed, atol=1e-5)
        assert torch.allclose(features.logits[:, i], classifiers[i](normed), atol=1e-5)
    assert model.embedding_size == features.retrieval.shape[1] == 21 and model.head_size == 7
    assert features.logits.shape == (6, 3, 5)


def test_every_layer_is_trained_by_its_own_head() -> None:
    model = make(parts=2, embedding=7).eval()
    model(IMAGES).logits[:, 2].square().sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    trained = [name for name, gradient in gradients.items() if gradient.any()]
    assert [n for n in trained if n.startswith(("part_", "classifier"))] == [
        "part_embeddings.1.weight", "part_embeddings.1.bias", "part_classifiers.1.weight",
    ]  # fmt: skip


@pytest.mark.parametrize("pooling", ["avg", "max", "gem"])
@pytest.mark.parametrize("neck", ["bnneck", "none"])
def test_all_poolings_and_necks(pooling: str, neck: str) -> None:
    model = make(parts=4, pooling=pooling, neck=neck).eval()
    features = model(IMAGES)
    assert features.retrieval.shape == (6, 15)
    alone = model.pool(model.backbone(IMAGES[:, :, 1:2]))
    assert torch.allclose(features.metric[:, 6:9], alone, atol=1e-6)


def test_without_parts_the_tensors_are_those_of_earlier_versions() -> None:
    model = make()
    assert not [name for name in model.state_dict() if "part" in name]
    assert model(IMAGES).logits.shape == (6, 5)


def test_the_exponent_of_gem_is_learnt() -> None:
    model = make(parts=2, pooling="gem")
    model(IMAGES).metric.sum().backward()
    assert model.pool.p.grad is not None and model.pool.p.grad != 0


@pytest.mark.parametrize("exponent", [-60.0, 1e-3, 20.0, 200.0])
def test_any_exponent_of_gem_is_finite_with_its_gradients(exponent: float) -> None:
    pool = GeM()
    nn.init.constant_(pool.p, exponent)
    maps = torch.tensor([[0.5, 40.0], [-3.0, 0.0], [1e-5, 3e4]]).view(1, 3, 2, 1).requires_grad_()
    pooled = pool(maps)
    wide = maps.detach().double().clamp(min=pool.eps)
    expected = (wide**exponent).mean((2, 3)) ** (1 / exponent)
    finite = expected.isfinite() & (expected > 0)
    assert torch.allclose(pooled.double()[finite], expected[finite], rtol=1e-3)
    assert pooled.isfinite().all()
    pooled.sum().backward()
    assert pool.p.grad.isfinite() and maps.grad.isfinite().all()


@given(st.integers(1, 20), st.integers(1, 20))
def test_stripes_cover_every_row_as_adaptive_pooling_does(rows: int, count: int) -> None:
    maps = torch.rand(1, 2, rows, 3)
    if count > rows:
        with pytest.raises(ReIDError, match=f"model.parts={count} needs as many rows"):
            stripes(maps, count)
        return
    pooled = torch.stack([stripe.mean((2, 3)) for stripe in stripes(maps, count)], 2)
    assert torch.allclose(pooled, F.adaptive_avg_pool2d(maps, (count, 1))[..., 0], atol=1e-6)
    assert sum(s.shape[2] for s in stripes(maps, count)) >= rows


def test_one_part_is_refused() -> None:
    with pytest.raises(ReIDError, match=r"model\.parts=1 would pool the whole map twice"):
        make(parts=1)


def test_a_network_without_parts_gives_its_layer_to_the_whole(tmp_path: Path) -> None:
    source, model = make(embedding=7), make(parts=2, embedding=7)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    kept = model.part_classifiers[0].weight.clone()
    nn.init.zeros_(model.embedding.weight)
    load_weights(model, str(tmp_path / "w.pt"))
    assert torch.equal(model.embedding.weight, source.embedding.weight)
    assert torch.equal(model.part_classifiers[0].weight, kept)


def test_classifiers_of_parts_are_never_taken_over(tmp_path: Path) -> None:
    source, model = make(parts=2, embedding=7), make(parts=2, embedding=7)
    with torch.no_grad():
        source.part_classifiers[0].weight += 1
        source.part_embeddings[0].weight += 1
    torch.save(source.state_dict(), tmp_path / "w.pt")
    load_weights(model, str(tmp_path / "w.pt"))
    assert torch.equal(model.part_embeddings[0].weight, source.part_embeddings[0].weight)
    assert not torch.equal(model.part_classifiers[0].weight, source.part_classifiers[0].weight)
