"""An export in int8, with what that costs."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration_file import calibration_content
from reid_lightning.inference.check_export import check_distinct, in_batches
from reid_lightning.inference.export_facts import ExportFacts
from reid_lightning.inference.export_graph import graph_input
from reid_lightning.inference.onnx_file import write_onnx
from reid_lightning.inference.onnx_network import open_onnx
from reid_lightning.inference.quantize import CALIBRATION_PICTURES, quantize
from reid_lightning.run.score_held_out import calibrate, embed_held_out, mean_average_precision
from reid_lightning.run.training_set import spread_pixels

_BATCH = 8


def pictures_to_quantize(datamodule: ReIDDataModule, model: EmbeddingModel) -> Tensor:
    """The training pictures that give the scales, uint8 [n, height, width, 3].

    Raises:
        ReIDError: the set is not there, or a picture cannot be read.
    """
    pictures = [s.picture for s in datamodule.folder.used.train]
    return spread_pixels(model.height, model.width, pictures, CALIBRATION_PICTURES)


def write_quantized(
    plain: Any,
    facts: ExportFacts,
    model: EmbeddingModel,
    datamodule: ReIDDataModule,
    pixels: Tensor,
    path: Path,
) -> ExportFacts:
    """Quantize an `onnx.ModelProto`, measure its mAP and the network's, calibrate it, and write it.

    Args:
        plain: in float32.
        facts: of it.
        model: the network.
        datamodule: of its training set: held-out people, or else the official queries and gallery,
            are scored.
        pixels: that give the scales, see `pictures_to_quantize`.
        path: of the file.

    Returns:
        The facts with the mAPs as `float/mAP` and `int8/mAP`, and a calibration where people were
        held out.

    Raises:
        ReIDError: different pictures have the same embedding.
    """
    splits = datamodule.folder.used
    images = graph_input(pixels, facts.normalize, facts.dtype)
    quantized = quantize(plain, [batch.numpy() for batch in torch.split(images, _BATCH)])
    write_onnx(quantized, facts, path)
    size = {"height": model.height, "width": model.width}
    exported = EmbeddingModel(open_onnx(path), **size, device="cpu", digest=model.digest)
    for batch in (1, _BATCH):
        check_distinct(in_batches(exported.embed_pixels, pixels[:64], batch))
    before, after = embed_held_out(model, datamodule), embed_held_out(exported, datamodule)
    scores = {
        "float/mAP": mean_average_precision(before, splits),
        "int8/mAP": mean_average_precision(after, splits),
    }
    meaning = None
    if datamodule.folder.val_identities:
        meaning = calibrate(exported, after, datamodule)
    facts = facts._replace(
        scores=facts.scores | scores,
        calibration=calibration_content(meaning) if meaning else None,
    )
    write_onnx(quantized, facts, path)
    return facts
