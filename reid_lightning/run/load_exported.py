"""A network that `reid export` wrote, in place of a checkpoint."""

import hashlib
import inspect
from pathlib import Path

from reid_lightning.inference.onnx_file import read_onnx
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.run.trained import Trained


def load_exported(path: Path) -> Trained:
    """The network of an .onnx file of `reid export`.

    Raises:
        ReIDError: as `read_onnx`.
    """
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
