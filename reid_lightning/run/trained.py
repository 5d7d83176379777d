"""A trained network, and what is known of it, wherever it was loaded from."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from reid_lightning.distances import RankingDistance
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.models import Embedder
from reid_lightning.models.networks import Constructor


class Trained(NamedTuple):
    """A network, and what else an evaluation needs to know of it.

    Args:
        model: the network.
        source: the file of its constructor.
        height, width: of its input, in pixels.
        distance: to rank by.
        digest: of its weights and options.
        data: the name of its training set, where that is known.
        val_identities: how many people were held out of it.
        weights: what was named as `model.weights`, where there is no checkpoint of ours.
        weights_sha256: of that file.
        seed: of the training, where that is known.
        settings: a digest of those that it was trained with, the same for every seed.
        identities: who it was trained on, see `DatasetFolder.identities`, where that is known.
        network: its name in `NETWORKS`, of a checkpoint of ours; empty of others.
        options: the plain arguments that it was made with.
    """

    model: Embedder | OnnxNetwork
    source: Path
    height: int
    width: int
    distance: RankingDistance
    digest: bytes
    data: str | None = None
    weights: str | None = None
    weights_sha256: str | None = None
    seed: int | None = None
    settings: str | None = None
    identities: str | None = None
    network: str = ""
    options: Mapping[str, Any] = MappingProxyType({})
    val_identities: int = 0


def options_digest(network: DictConfig | Constructor | None) -> bytes:
    """A digest of a configured network's options: some, such as strides, change no tensor."""
    configured = isinstance(network, DictConfig)
    options = OmegaConf.to_container(network, resolve=True) if configured else None
    return hashlib.blake2b(repr(options).encode()).digest()


def model_digest(of_network: bytes) -> str:
    """The digest by which the embeddings of a `Trained` network are known, of its own digest."""
    return hashlib.blake2b(of_network, digest_size=16).hexdigest()
