"""The teacher of a training, from the checkpoints that `distill.checkpoint` names."""

import hashlib
from pathlib import Path

from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.teacher import Teacher, TeacherNetwork
from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.models.networks import NETWORKS
from reid_lightning.run.load_checkpoint import load_checkpoint
from reid_lightning.run.load_trained import OwnNetworkError
from reid_lightning.run.trained import Trained


def load_teacher(config: DictConfig, datamodule: ReIDDataModule) -> Teacher | None:
    """The teacher of a training; None where nothing is to be learnt from one.

    Args:
        config: the group `distill`.
        datamodule: what is trained on.

    Raises:
        ReIDError: a checkpoint cannot be used, or predicts other people than those trained on.
    """
    named = config.checkpoint
    paths = [named] if isinstance(named, str) else named
    if paths is not None and not paths:
        raise ReIDError(
            "distill.checkpoint=[] names no teacher: name checkpoints, or folders of runs, or set "
            "it to null to learn from none."
        )
    if paths is None or not (config.logit_weight or config.distance_weight):
        return None
    networks, digests = [], []
    for path in map(Path, paths):
        trained = _load(path)
        network = trained.model
        if not isinstance(network, Embedder):
            raise ReIDError(
                f"{path} cannot be a teacher: it is an exported file. Name its checkpoint."
            )
        if config.logit_weight:
            classes = network.classifier.out_features
            _check_identities(path, trained.identities, classes, datamodule)
        networks.append(TeacherNetwork(network, trained.height, trained.width, trained.distance))
        digests.append(trained.digest)
    return Teacher(
        networks,
        logit_weight=config.logit_weight,
        distance_weight=config.distance_weight,
        temperature=config.temperature,
        digest=hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest(),
    )


def _load(path: Path) -> Trained:
    try:
        return load_checkpoint(path)
    except OwnNetworkError as error:
        raise ReIDError(
            f"{path} cannot be a teacher: its network is one of somebody's own, and teachers are "
            f"{', '.join(NETWORKS)}."
        ) from error


def _check_identities(
    path: Path, identities: str | None, classes: int, datamodule: ReIDDataModule
) -> None:
    """Raise a `ReIDError` unless the teacher's logits are of those trained on, in their order."""
    ours, only_distances = datamodule.folder.identities, "distill.logit_weight=0"
    if identities is None:
        raise ReIDError(
            f"{path} does not say whom it was trained on, as model cards and checkpoints of "
            f"earlier versions: name its run, train the teacher again, or set {only_distances} to "
            "learn its distances alone."
        )
    if identities != ours or classes != datamodule.num_classes:
        raise ReIDError(
            f"{path} predicts other people than those trained on: it is of {identities!r}, "
            f"with {classes} classes, and this training is of {ours}. Choose a teacher of these "
            f"people (data.val_identities chooses who they are), or set {only_distances} to learn "
            "its distances alone."
        )
