"""An exported network gives what the network gave, in this program and in others."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from exported import exported_model, some_pixels, tiny_facts, tiny_program, write_tiny
from tiny_model import Tiny, tiny_model

from reid_lightning import ReIDError
from reid_lightning.inference.check_export import check_equal
from reid_lightning.inference.export_facts import FACTS_KEY, parse_facts
from reid_lightning.inference.export_graph import ExportGraph, export_program
from reid_lightning.inference.latency import BATCHES, latency_table, measure_latency
from reid_lightning.inference.onnx_network import open_onnx
from reid_lightning.inference.program_file import run_own_program, write_program
from reid_lightning.inference.quantize import quantize
from reid_lightning.models import Embedder

KINDS = [("inside", "float32"), ("outside", "float32"), ("inside", "float16")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    folder = tmp_path_factory.mktemp("exported")
    paths = {kind: folder / f"{'_'.join(kind)}.onnx" for kind in KINDS}
    for (normalize, dtype), path in paths.items():
        write_tiny(path, normalize, dtype)  # type: ignore[arg-type]
    return paths


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_the_networks_place(
    kind: tuple[str, str], files: dict[tuple[str, str], Path]
) -> None:
    exported, model, pixels = exported_model(files[kind]), tiny_model(), some_pixels()
    near = check_equal(exported.embed_pixels, model.embed_pixels, pixels, kind[1])
    assert near.cosine > (0.99999 if kind[1] == "float32" else 0.9999)
    flipped = exported.embed_pixels(pixels, flip=True)
    assert (flipped - exported.embed_pixels(pixels)).abs().max() > 1e-3
    assert exported.embedding_size == 8
    pictures = [p.numpy() for p in some_pixels(3, 50, 30)]  # of another size, to be resized
    torch.testing.assert_close(exported(pictures), model(pictures), atol=2e-3, rtol=0)


def test_another_program_feeds_it_as_it_says(files: dict[tuple[str, str], Path]) -> None:
    """NumPy and onnxruntime alone, as a tracker has them."""
    pixels = some_pixels(8)
    wanted = tiny_model().embed_pixels(pixels).numpy()
    images = pixels.numpy().transpose(0, 3, 1, 2).astype(np.float32)
    mean = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
    std = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)
    inputs = {
        ("inside", "float32"): images,
        ("outside", "float32"): (images / 255 - mean) / std,
        ("inside", "float16"): images.astype(np.float16),
    }
    for kind, x in inputs.items():
        session = onnxruntime.InferenceSession(files[kind], providers=["CPUExecutionProvider"])
        for count in (1, 8):
            (found,) = session.run(["embeddings"], {"images": x[:count]})
            tolerance = 1e-5 if kind[1] == "float32" else 2e-3
            np.testing.assert_allclose(found, wanted[:count], atol=tolerance)
        metadata = session.get_modelmeta().custom_metadata_map
        assert parse_facts(metadata[FACTS_KEY]).scores == {"test/mAP": 0.5}


def test_openvino_runs_it(files: dict[tuple[str, str], Path]) -> None:
    openvino = pytest.importorskip("openvino")
    pixels = some_pixels(8)
    compiled = openvino.Core().compile_model(files["inside", "float32"], "CPU")
    (found,) = compiled(pixels.permute(0, 3, 1, 2).float().numpy()).values()
    np.testing.assert_allclose(found, tiny_model().embed_pixels(pixels).numpy(), atol=1e-3)


def test_the_graph_is_small_and_names_no_file_of_this_machine(
    files: dict[tuple[str, str], Path],
) -> None:
    path = files["inside", "float32"]
    content = path.read_bytes()
    assert b"site-packages" not in content and str(Path.cwd()).encode() not in content
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert not [i.name for i in onnx.load(path).graph.initializer if "classifier" in i.name]


@pytest.mark.parametrize(
    "options",
    [{"parts": 2, "pooling": "gem", "embedding": 4}, {"neck": "none", "pooling": "max"}],
    ids=str,
)
def test_every_head_is_exported(options: dict[str, object], tmp_path: Path) -> None:
    from reid_lightning.inference import EmbeddingModel
    from reid_lightning.inference.export_graph import to_onnx
    from reid_lightning.inference.onnx_file import write_onnx

    torch.manual_seed(0)
    network = Embedder(Tiny(), 4, **options)  # type: ignore[arg-type]
    model = EmbeddingModel(network, height=32, width=16, device="cpu")
    program = export_program(ExportGraph(network, "inside", "float32"), 32, 16)
    facts = tiny_facts(embedding_size=network.embedding_size)
    write_onnx(to_onnx(program), facts, tmp_path / "x.onnx")
    exported = exported_model(tmp_path / "x.onnx")
    check_equal(exported.embed_pixels, model.embed_pixels, some_pixels(), "float32")


@pytest.mark.parametrize("kind", [("outside", "float32"), ("inside", "float16")])
def test_a_program_of_torch_export_gives_the_same(kind: tuple[str, str], tmp_path: Path) -> None:
    normalize, dtype = kind
    facts = tiny_facts(normalize=normalize, dtype=dtype)
    program = tiny_program(normalize, dtype)  # type: ignore[arg-type]
    write_program(program, facts, tmp_path / "x.pt2")
    embed = run_own_program(tmp_path / "x.pt2", facts)
    check_equal(embed, tiny_model().embed_pixels, some_pixels(), dtype)
    extra = {FACTS_KEY: ""}
    torch.export.load(tmp_path / "x.pt2", extra_files=extra)
    assert parse_facts(extra[FACTS_KEY]) == facts


def test_a_picture_of_another_size_is_refused(files: dict[tuple[str, str], Path]) -> None:
    network = open_onnx(files["inside", "float32"])
    with pytest.raises(ReIDError, match="takes pictures of 32 × 16, not of 64 × 16: leave the"):
        network(torch.zeros(1, 3, 64, 16))


def test_int8_is_near(tmp_path: Path) -> None:
    from reid_lightning.inference.export_graph import to_onnx
    from reid_lightning.inference.onnx_file import write_onnx

    pixels = some_pixels()
    batches = [b.numpy() for b in torch.split(pixels.permute(0, 3, 1, 2).float(), 8)]
    quantized = quantize(to_onnx(tiny_program()), batches)
    assert "QuantizeLinear" in {node.op_type for node in quantized.graph.node}
    write_onnx(quantized, tiny_facts(quantize="int8"), tmp_path / "x.onnx")
    found = exported_model(tmp_path / "x.onnx").embed_pixels(pixels)
    wanted = tiny_model().embed_pixels(pixels)
    assert 0.9 < (found * wanted).sum(1).min() < 0.999999


def test_latency_is_of_every_program(
    files: dict[tuple[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_lightning.inference.latency._SECONDS", 0.01)
    network = tiny_model().network
    assert isinstance(network, Embedder)
    graph = ExportGraph(network, "inside", "float32")
    rows = measure_latency(graph, open_onnx(files["inside", "float32"]))
    assert {"PyTorch", "onnxruntime"} <= {row.program for row in rows}
    assert {row.batch for row in rows} == set(BATCHES)
    assert all(row.milliseconds > 0 for row in rows)
    assert "onnxruntime" in latency_table(rows, 2)
    assert "1 thread " in latency_table(rows, 1)
