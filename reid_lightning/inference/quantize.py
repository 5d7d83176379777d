"""A graph in 8-bit integers, scaled by what training pictures give in it."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reid_lightning.inference.export_graph import INPUT

CALIBRATION_PICTURES = 256


def quantize(model: Any, batches: Sequence[np.ndarray]) -> Any:
    """An `onnx.ModelProto` with convolutions and products in int8 (QDQ, a scale per channel).

    Args:
        model: in float32.
        batches: inputs of the graph, of training pictures.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, done = (Path(folder) / f"{n}.onnx" for n in ("plain", "prepared", "done"))
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            done,
            _Inputs(batches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        )
        return onnx.load(done)


class _Inputs:
    """Batches, one after another, as onnxruntime's `CalibrationDataReader`."""

    def __init__(self, batches: Sequence[np.ndarray]) -> None:
        self.rest: Iterator[np.ndarray] = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next inputs of the graph; None at the end."""
        batch = next(self.rest, None)
        return None if batch is None else {INPUT: batch}
