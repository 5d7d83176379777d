"""The network of what `checkpoint=` names."""

from pathlib import Path

from omegaconf import DictConfig

from reid_lightning.errors import ReIDError
from reid_lightning.inference.model_card import is_card
from reid_lightning.inference.onnx_file import SUFFIX
from reid_lightning.models.networks import Constructor
from reid_lightning.run.checkpoint_file import checkpoint_path
from reid_lightning.run.load_card import load_card
from reid_lightning.run.load_exported import load_exported
from reid_lightning.run.load_trained import load_trained
from reid_lightning.run.trained import Trained


def load_checkpoint(path: Path, own_network: DictConfig | Constructor | None = None) -> Trained:
    """The network of a checkpoint, of a run's best one, of a model card, or of an exported file.

    Args:
        path: of a checkpoint, of the folder of a run or of a card, or of an .onnx of `reid export`.
        own_network: of the user, of whose network a checkpoint is, see `load_trained`.

    Raises:
        ReIDError: it cannot be read, or a network is named that it does not need.
    """
    whole = is_card(path) or path.suffix.lower() == SUFFIX
    if not whole:
        return load_trained(checkpoint_path(path), own_network)
    if own_network is not None:
        raise ReIDError(f"{path} holds its network: leave model= out.")
    return load_card(path) if is_card(path) else load_exported(path)
