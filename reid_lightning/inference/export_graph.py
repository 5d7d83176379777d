"""What an exported file computes: pictures → embeddings of unit norm."""

import copy
import logging
import warnings
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.data.augmentation.to_input import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    to_network_input,
)
from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.models.cost import first_line

if TYPE_CHECKING:
    from torch.export import ExportedProgram

Normalize = Literal["inside", "outside"]
ExportType = Literal["float32", "float16"]
INPUT, OUTPUT = "images", "embeddings"
OPSET = 18  # that of ONNX 1.13: runtimes of 2023 and later read it


class ExportGraph(nn.Module):
    """A network with what surrounds it in use, and without its classifiers.

    Args:
        network: is copied.
        normalize: `inside`: the graph scales pixels and normalises them; `outside`: its input is
            normalised.
        dtype: of the input and of the network's arithmetic.
    """

    def __init__(self, network: Embedder, normalize: Normalize, dtype: ExportType) -> None:
        super().__init__()
        network = copy.deepcopy(network).cpu().eval()
        network.add_module("classifier", nn.Identity())
        network.part_classifiers = nn.ModuleList(nn.Identity() for _ in network.part_classifiers)
        self.dtype: torch.dtype = getattr(torch, dtype)
        self.network, self.inside = network.to(self.dtype), normalize == "inside"
        mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """[B, 3, H, W] → float32 [B, d]; in float16, a sum of squares would overflow."""
        if self.inside:
            images = (images.float() * self.scale + self.shift).to(self.dtype)
        return F.normalize(self.network(images).retrieval.float(), dim=1)


def graph_input(pixels: Tensor, normalize: Normalize, dtype: ExportType) -> Tensor:
    """What such a graph takes: [B, 3, H, W], of pixels uint8 [B, H, W, 3]."""
    images = pixels.permute(0, 3, 1, 2) if normalize == "inside" else to_network_input(pixels)
    return images.to(getattr(torch, dtype)).contiguous()


def export_program(graph: ExportGraph, height: int, width: int) -> "ExportedProgram":
    """The graph as torch.export has it, for batches of any size.

    Raises:
        ReIDError: torch cannot follow the network.
    """
    from torch.export import Dim, export  # slow to import, and seldom used

    images = torch.zeros(2, 3, height, width, dtype=graph.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own parts
            return export(graph, (images,), dynamic_shapes=({0: Dim("batch")},))
    except Exception as error:  # of any network's own code
        raise ReIDError(f"torch.export cannot export this network: {first_line(error)}.") from error


def to_onnx(program: "ExportedProgram") -> Any:
    """The graph as an `onnx.ModelProto`, without names of files and lines of this machine.

    Raises:
        ReIDError: ONNX has no operator for something in it.
        ModuleNotFoundError: onnx or onnxscript is not installed.
    """
    for library in ("onnx_ir", "onnxscript", "torch.onnx"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own parts
            exported = torch.onnx.export(
                program,
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise ReIDError(f"The network cannot be written as ONNX: {first_line(error)}.") from error
    assert exported is not None
    model: Any = exported.model_proto
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
    for part in (*model.graph.input, *model.graph.output):
        del part.metadata_props[:]
    del model.metadata_props[:]
    return model
