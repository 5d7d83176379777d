"""An exported file made in no time: the mean colour of a picture is its embedding."""

from pathlib import Path

from onnx import TensorProto, helper

from reid_lightning.inference.export_facts import ExportFacts
from reid_lightning.inference.onnx_file import write_onnx


def write_hand_made(path: Path, height: int = 32, width: int = 16) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colours"]),
        helper.make_node("LpNormalization", ["colours"], ["embeddings"], axis=1),
    ]
    shapes = {"images": ["batch", 3, height, width], "embeddings": ["batch", 3]}
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    graph = helper.make_graph(nodes, "mean", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    facts = ExportFacts(
        *("0.2.0", "mean", height, width, 3, "inside", [0.485], [0.229], "float32", None),
        *(0, None, "drawn", 0, "digest", {"test/mAP": 0.5}, None),
    )
    write_onnx(model, facts, path)
