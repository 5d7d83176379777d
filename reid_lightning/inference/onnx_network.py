"""An exported network in place of the one it was exported from, run by onnxruntime."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.errors import ReIDError
from reid_lightning.inference.export_graph import INPUT, OUTPUT
from reid_lightning.inference.onnx_file import OnnxFile, read_onnx
from reid_lightning.models import Features
from reid_lightning.models.cost import Cost, first_line

_TYPES = {"float32": "tensor(float)", "float16": "tensor(float16)"}


class OnnxNetwork(nn.Module):
    """The network of an ONNX file, which takes and gives what an `Embedder` does, on the CPU.

    Its `retrieval` embeddings are of unit norm; it has no other features, and they are these, too.

    Args:
        file: of `read_onnx`.
        name: of the file, for errors.

    Raises:
        ReIDError: onnxruntime refuses the graph, or it is not what the file says of it.
        ModuleNotFoundError: onnxruntime is not installed.
    """

    def __init__(self, file: OnnxFile, name: Path) -> None:
        super().__init__()
        self.facts, self.name = file.facts, name
        self.session = start_session(file.content, name)
        self._check_session()
        self.embedding_size = file.facts.embedding_size

    @property
    def cost(self) -> Cost:
        """What the network cost before its export."""
        facts = self.facts
        return Cost(facts.parameters, facts.gmacs, facts.embedding_size)

    def check_size(self, height: int, width: int) -> None:
        """Raise a `ReIDError` unless the graph takes pictures of this size."""
        if (height, width) != (self.facts.height, self.facts.width):
            raise ReIDError(
                f"{self.name} takes pictures of {self.facts.height} × {self.facts.width}, not of "
                f"{height} × {width}: leave the size out, or export the checkpoint at that size."
            )

    def forward(self, images: Tensor) -> Features:
        """The embeddings of pictures [B, 3, H, W], normalised with ImageNet's mean and deviation.

        Raises:
            ReIDError: they are of another size than the graph's.
        """
        self.check_size(images.shape[2], images.shape[3])
        x = images.detach().cpu().float()
        if self.facts.normalize == "inside":
            x = _pixels(x)
        x = x.to(getattr(torch, self.facts.dtype)).contiguous()
        (embeddings,) = self.session.run([OUTPUT], {INPUT: x.numpy()})
        retrieval = torch.from_numpy(embeddings).to(images.device)
        return Features(retrieval, retrieval, retrieval)

    def _check_session(self) -> None:
        facts = self.facts
        wanted = [
            (INPUT, _TYPES[facts.dtype], [3, facts.height, facts.width]),
            (OUTPUT, _TYPES["float32"], [facts.embedding_size]),
        ]
        ends = [*self.session.get_inputs(), *self.session.get_outputs()]
        found = [(end.name, end.type, list(end.shape[1:])) for end in ends]
        if found != wanted or any(type(end.shape[0]) is int for end in ends):
            raise ReIDError(
                f"{self.name} is not what its metadata says: it has {_shown(found)}, and should "
                f"have {_shown(wanted)}, for batches of any size."
            )


def open_onnx(path: Path) -> OnnxNetwork:
    """The network of a file, see `read_onnx` and `OnnxNetwork`."""
    return OnnxNetwork(read_onnx(path), path)


def start_session(content: bytes, name: Path) -> Any:
    """A session of onnxruntime on the CPU, with as many threads as torch has.

    Raises:
        ReIDError: onnxruntime refuses the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what is wrong is raised
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each of its states
        raise ReIDError(f"onnxruntime cannot run {name}: {first_line(error)}.") from error


def _pixels(images: Tensor) -> Tensor:
    """The pixels that pictures were before they were normalised: whole numbers, so exactly."""
    mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
    return ((images * std + mean) * 255).round()


def _shown(ends: list[tuple[str, str, list[Any]]]) -> str:
    return " and ".join(f"{name} {kind} {sizes}" for name, kind, sizes in ends)
