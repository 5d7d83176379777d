"""A PyTorch Lightning + Hydra experiment framework for person re-identification.

The names below are the public API; they are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from reid_lightning.comparison.compare import Comparison as Comparison
    from reid_lightning.comparison.compare import compare as compare
    from reid_lightning.data import Augmentation as Augmentation
    from reid_lightning.data import ReIDDataModule as ReIDDataModule
    from reid_lightning.data.sample import Sample as Sample
    from reid_lightning.data.sample import Splits as Splits
    from reid_lightning.data.synthetic import draw_synthetic as draw_synthetic
    from reid_lightning.engine.module import ReIDModule as ReIDModule
    from reid_lightning.errors import ReIDError as ReIDError
    from reid_lightning.inference import EmbeddingModel as EmbeddingModel
    from reid_lightning.losses import BatchAllLoss as BatchAllLoss
    from reid_lightning.losses import CenterLoss as CenterLoss
    from reid_lightning.losses import Criterion as Criterion
    from reid_lightning.losses import MetricTerms as MetricTerms
    from reid_lightning.losses import QuadrupletLoss as QuadrupletLoss
    from reid_lightning.losses import TripletLoss as TripletLoss
    from reid_lightning.metrics import QueryResults as QueryResults
    from reid_lightning.metrics import ReIDMetric as ReIDMetric
    from reid_lightning.metrics import rank_embeddings as rank_embeddings
    from reid_lightning.models import Embedder as Embedder
    from reid_lightning.models import Features as Features
    from reid_lightning.retrieval import EmbeddedSet as EmbeddedSet
    from reid_lightning.retrieval import NeighbourMean as NeighbourMean
    from reid_lightning.retrieval import Rerank as Rerank
    from reid_lightning.retrieval import Retrieval as Retrieval
    from reid_lightning.retrieval import SpatialTemporal as SpatialTemporal
    from reid_lightning.run.api import evaluate as evaluate
    from reid_lightning.run.api import train as train
    from reid_lightning.run.card import card as card
    from reid_lightning.run.embed import embed as embed
    from reid_lightning.run.export import export as export
    from reid_lightning.run.load_model import load_model as load_model
    from reid_lightning.run.search import search as search
    from reid_lightning.run.serve import serve as serve
    from reid_lightning.run.verify import verify as verify

_HOMES = {
    "Augmentation": "data",
    "BatchAllLoss": "losses",
    "CenterLoss": "losses",
    "Comparison": "comparison.compare",
    "Criterion": "losses",
    "EmbeddedSet": "retrieval",
    "Embedder": "models",
    "EmbeddingModel": "inference",
    "Features": "models",
    "MetricTerms": "losses",
    "NeighbourMean": "retrieval",
    "QuadrupletLoss": "losses",
    "QueryResults": "metrics",
    "ReIDDataModule": "data",
    "ReIDError": "errors",
    "ReIDMetric": "metrics",
    "ReIDModule": "engine.module",
    "Rerank": "retrieval",
    "Retrieval": "retrieval",
    "Sample": "data.sample",
    "SpatialTemporal": "retrieval",
    "Splits": "data.sample",
    "TripletLoss": "losses",
    "card": "run.card",
    "compare": "comparison.compare",
    "draw_synthetic": "data.synthetic",
    "embed": "run.embed",
    "evaluate": "run.api",
    "export": "run.export",
    "load_model": "run.load_model",
    "rank_embeddings": "metrics",
    "search": "run.search",
    "serve": "run.serve",
    "train": "run.api",
    "verify": "run.verify",
}
__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reid_lightning' has no attribute {name!r}")
    return getattr(import_module(f"reid_lightning.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
