"""A network that `reid export` wrote, in place of a checkpoint."""

import hashlib
import inspect
from pathlib import Path

from omegaconf import DictConfig

from reid_lightning.errors import ReIDError
from reid_lightning.inference.onnx_file import SUFFIX, read_onnx
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.models.networks import Constructor
from reid_lightning.run.load_trained import Trained, load_trained


def load_checkpoint(path: Path, own_network: DictConfig | Constructor | None = None) -> Trained:
    """The network of a checkpoint, see `load_trained`, or of an .onnx file of `reid export`.

    Raises:
        ReIDError: as `load_trained` and `read_onnx`.
    """
    if path.suffix.lower() != SUFFIX:
        return load_trained(path, own_network)
    if own_network is not None:
        raise ReIDError(f"{path} holds its network: leave model= out.")
    file = read_onnx(path)
    facts = file.facts
    return Trained(
        OnnxNetwork(file, path),
        Path(inspect.getsourcefile(OnnxNetwork) or ""),
        facts.height,
        facts.width,
        "cosine",  # of embeddings of unit norm
        hashlib.blake2b(file.content).digest(),
        facts.data,
        seed=facts.seed,
        settings=facts.settings,
    )
