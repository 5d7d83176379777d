import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.models import mobilenet_v2_embedder
from reid_lightning.models.embedder import Embedder

BASE = {
    "num_classes": 5, "width": 0.35, "last_stride": 2, "pooling": "avg", "embedding": None,
    "neck": "bnneck", "dropout": 0.0, "weights": "none", "freeze_backbone_epochs": 0,
}  # fmt: skip
IMAGES = torch.randn(2, 3, 64, 32)


def make(**options: object) -> Embedder:
    return mobilenet_v2_embedder(**(BASE | options))


def test_bnneck_is_between_metric_and_retrieval_feature() -> None:
    model = make().train()
    features = model(IMAGES)
    assert features.metric.shape == features.retrieval.shape == (2, 1280)
    assert features.logits.shape == (2, 5)
    assert torch.allclose(features.retrieval, model.neck(features.metric), atol=1e-5)
    assert not model.neck.bias.requires_grad and model.classifier.bias is None


def test_without_neck_metric_and_retrieval_feature_are_the_same() -> None:
    features = make(neck="none").eval()(IMAGES)
    assert torch.equal(features.metric, features.retrieval)


def test_embedding_layer_sets_the_size() -> None:
    assert make(embedding=128).eval()(IMAGES).retrieval.shape == (2, 128)


def test_last_stride_1_doubles_the_feature_map() -> None:
    assert make().backbone(IMAGES).shape[2:] == (2, 1)
    assert make(last_stride=1).backbone(IMAGES).shape[2:] == (4, 2)


@pytest.mark.parametrize("kind", ["avg", "max", "gem"])
def test_pooling(kind: str) -> None:
    maps = torch.rand(2, 7, 4, 2) + 0.1
    pooled = make(pooling=kind).pool(maps)
    expected = {
        "avg": maps.mean((2, 3)),
        "max": maps.amax((2, 3)),
        "gem": (maps**3).mean((2, 3)) ** (1 / 3),
    }[kind]
    assert torch.allclose(pooled, expected)


def test_dropout_affects_the_classifier_only() -> None:
    model = make(dropout=0.5).train()
    features = model(IMAGES)
    assert not torch.allclose(features.logits, model.classifier(features.retrieval))


@pytest.mark.parametrize("option", [{"last_stride": 3}, {"pooling": "median"}, {"neck": "long"}])
def test_an_unknown_choice_is_an_error(option: dict) -> None:
    (key,) = option
    with pytest.raises(ReIDError, match=f"model.{key}="):
        make(**option)
