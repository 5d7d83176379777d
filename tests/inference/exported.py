"""Exports of a network that takes no time."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_model import tiny_model

from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.export_facts import ExportFacts
from reid_lightning.inference.export_graph import (
    ExportGraph,
    ExportType,
    Normalize,
    export_program,
    to_onnx,
)
from reid_lightning.inference.onnx_file import write_onnx
from reid_lightning.inference.onnx_network import open_onnx
from reid_lightning.models import Embedder


def some_pixels(count: int = 64, height: int = 32, width: int = 16) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8))


def tiny_facts(**changes: Any) -> ExportFacts:
    facts = ExportFacts(
        *("0.2.0", "tiny", 32, 16, 8, "inside", [0.485], [0.229], "float32", None),
        *(1000, 0.1, "drawn", 0, "digest", {"test/mAP": 0.5}, None),
    )
    return facts._replace(**changes)


def tiny_program(normalize: Normalize = "inside", dtype: ExportType = "float32") -> Any:
    network = tiny_model().network
    assert isinstance(network, Embedder)
    return export_program(ExportGraph(network, normalize, dtype), 32, 16)


def write_tiny(
    path: Path, normalize: Normalize = "inside", dtype: ExportType = "float32", **facts: Any
) -> None:
    model = to_onnx(tiny_program(normalize, dtype))
    write_onnx(model, tiny_facts(normalize=normalize, dtype=dtype, **facts), path)


def exported_model(path: Path) -> EmbeddingModel:
    return EmbeddingModel(open_onnx(path), height=32, width=16, device="cpu", digest="file")
