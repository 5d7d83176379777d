"""Networks: backbones, pooling, the embedder and pretrained weights."""

from reid_lightning.models.backbones.mobilenet_v2 import mobilenet_v2_embedder
from reid_lightning.models.backbones.osnet import osnet_embedder
from reid_lightning.models.backbones.resnet50 import resnet50_embedder
from reid_lightning.models.backbones.timm_maps import timm_embedder
from reid_lightning.models.embedder import Embedder, Features
from reid_lightning.models.weights import load_weights

__all__ = [
    "Embedder",
    "Features",
    "load_weights",
    "mobilenet_v2_embedder",
    "osnet_embedder",
    "resnet50_embedder",
    "timm_embedder",
]
