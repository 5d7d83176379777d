"""The command `card`: a checkpoint as a folder that can be handed on."""

import hashlib
import logging
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from reid_lightning import __version__
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.model_card import CardConfig, Plain, is_card, write_card
from reid_lightning.inference.onnx_file import SUFFIX
from reid_lightning.metrics.summary import SCORES
from reid_lightning.models import Embedder
from reid_lightning.models.cost import network_cost
from reid_lightning.models.networks import NETWORKS
from reid_lightning.results.metrics_json import read_results
from reid_lightning.results.overrides import last_part
from reid_lightning.run.checkpoint_file import checkpoint_path, read_checkpoint
from reid_lightning.run.find_calibration import find_calibration
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_trained import load_trained
from reid_lightning.run.paths import expand_home
from reid_lightning.run.trained import model_digest
from reid_lightning.signatures import FilePath, Text, checked

log = logging.getLogger(__name__)

_GROUPS = ("loss", "optimizer", "scheduler", "augmentation")
_KEYS = ("data.p", "data.k", "trainer.max_epochs", "trainer.precision", "model.weights", "seed")
_PROTOCOL = ("data", "ap", "distance", "cameras", "validated_on", "precision")
_COUNTS = ("test/queries", "test/left_out", "test/gallery")
_PACKAGES = ("torch", "torchvision", "pytorch-lightning")


@checked("card")
def card(*, checkpoint: FilePath, out: FilePath, license: Text = "other") -> Path:
    """Make a model card: `reid card checkpoint=RUN out=FOLDER`.

    The folder has the weights (model.safetensors), their facts (config.json), what similarities
    mean (calibration.json, if the run has one) and a README. `checkpoint=FOLDER` of any command
    reads it, and nothing in it is executed.

    Args:
        checkpoint: a checkpoint that a training wrote, or the folder of a run, whose best it is.
        out: the folder: a new or an empty one.
        license: of the weights, as huggingface.co names licences, such as cc-by-nc-4.0; other: not
            stated.

    Returns:
        The folder.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    source, folder = Path(expand_home(str(checkpoint))), Path(expand_home(str(out)))
    if is_card(source):
        raise ReIDError(f"{source} is a card already: copy the folder.")
    if source.suffix.lower() == SUFFIX:
        raise ReIDError(f"{source} is an exported file: name its checkpoint.")
    path = checkpoint_path(source)
    kept = read_checkpoint(path)["hyper_parameters"]
    if (name := kept.get("network", next(iter(NETWORKS)))) not in NETWORKS:
        raise ReIDError(
            f"{path} is of a network of your own, {name}: a card is of reid-lightning's networks, "
            "whose code its readers have."
        )
    trained = load_trained(path)
    network = trained.model
    assert isinstance(network, Embedder)  # as of every checkpoint
    digest = model_digest(trained.digest)
    size = {"height": trained.height, "width": trained.width}
    model = EmbeddingModel(network, **size, device="cpu", digest=digest)
    calibration = find_calibration(model, path, None)
    results = _results(path)
    config = CardConfig(
        version=__version__,
        network=trained.network,
        model={**trained.options, "weights": "none"},
        **size,
        mean=list(IMAGENET_MEAN),
        std=list(IMAGENET_STD),
        distance=trained.distance,
        trained_on=trained.data or "",
        people=network.classifier.out_features,
        training=_training(kept),
        **network_cost(network, **size, device=torch.device("cpu"))._asdict(),
        scores={name: results[f"test/{name}"] for name in SCORES if f"test/{name}" in results},
        protocol={n.removeprefix("test/"): results.get(n) for n in (*_PROTOCOL, *_COUNTS)}
        if results
        else {},
        software={"python": platform.python_version(), **{n: version(n) for n in _PACKAGES}},
        license=license,
        checkpoint=hashlib.blake2b(path.read_bytes()).hexdigest(),
        weights_sha256="",
    )
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ReIDError(f"The folder {folder} is not empty: name another, out=FOLDER.")
    known = calibration if isinstance(calibration, Calibration) else None
    write_card(folder, config, network.state_dict(), known)
    if known is None:
        log.info("The model is %s.", calibration)
    if license == "other":
        log.info("The licence of the weights is not stated: license=… states it.")
    return folder


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    run_function("card", card, arguments, lambda folder: print(f"Model card: {folder}/README.md"))


def _results(checkpoint: Path) -> dict[str, Any]:
    """What a run has scored its best checkpoint at; of other checkpoints nothing is known."""
    path = checkpoint.absolute().parent.parent / "metrics.json"
    is_best = checkpoint.name == "best.ckpt" and checkpoint.absolute().parent.name == "checkpoints"
    return read_results(path) if is_best and path.is_file() else {}


def _training(kept: Mapping[str, Any]) -> dict[str, Plain]:
    """The settings of a training that say how, by key; functions by their last name."""
    found = dict[str, Any]()
    for name in _GROUPS:
        group = kept.get(name)
        for key, value in group.items() if isinstance(group, Mapping) else ():
            if key == "_target_":
                found[name] = str(value).rpartition(".")[2]
            elif key != "_partial_":
                found[f"{name}.{key}"] = value
    for key in _KEYS:
        found[key] = kept
        for part in key.split("."):
            found[key] = found[key].get(part) if isinstance(found[key], Mapping) else None
    # Where files lie on somebody's machine is nobody's business.
    plain = {k: last_part(v) if isinstance(v, str) else v for k, v in found.items()}
    return {k: v for k, v in sorted(plain.items()) if isinstance(v, Plain)}
