"""ONNX files of others, and damaged ones: a sentence each, and nothing is run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from exported import tiny_facts, write_tiny
from onnx import TensorProto, helper, numpy_helper

from reid_lightning import ReIDError
from reid_lightning.inference.onnx_file import read_onnx, write_onnx
from reid_lightning.inference.onnx_network import open_onnx


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "sound.onnx"
    write_tiny(path)
    return path.read_bytes()


def model_of(sound: bytes) -> Any:
    """The graph alone, to be changed and written as a stranger would."""
    model = onnx.load_model_from_string(sound)
    del model.metadata_props[:]
    return model


def test_what_was_written_is_read(sound: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(sound)
    assert read_onnx(tmp_path / "x.onnx") == (sound, tiny_facts())


def classifier(path: Path, sound: bytes) -> None:
    node = helper.make_node("Relu", ["x"], ["logits"])
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1000]) for n in ("x", "logits")]
    onnx.save(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:])), path)


def weights_elsewhere(path: Path, sound: bytes) -> None:
    model = model_of(sound)
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)


def weights_elsewhere_in_a_node(path: Path, sound: bytes) -> None:
    model = model_of(sound)
    tensor = numpy_helper.from_array(np.zeros(3, np.float32))
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    write_onnx(model, tiny_facts(), path)


def truncated(path: Path, sound: bytes) -> None:
    path.write_bytes(sound[: len(sound) // 2])


def one_bit(path: Path, sound: bytes) -> None:
    content = bytearray(sound)
    content[content.index(b"initializer") if b"initializer" in content else 300] ^= 1
    path.write_bytes(content)


def longer(path: Path, sound: bytes) -> None:
    extra = onnx.ModelProto(doc_string="added").SerializeToString()
    path.write_bytes(sound + extra)


def own_operator(path: Path, sound: bytes) -> None:
    model = model_of(sound)
    model.graph.node.append(helper.make_node("Run", ["images"], ["c"], domain="evil"))
    write_onnx(model, tiny_facts(), path)


def program(path: Path, sound: bytes) -> None:
    model = model_of(sound)
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["images"], ["c"], body=body))
    write_onnx(model, tiny_facts(), path)


def no_facts(path: Path, sound: bytes) -> None:
    facts = tiny_facts(height="tall")
    write_onnx(model_of(sound), facts, path)


REFUSED: dict[Callable[[Path, bytes], None], str] = {
    classifier: "is no ONNX file that reid export wrote: it gives 'logits', and has no metadata",
    weights_elsewhere: "keeps weights in other files, which are not read",
    weights_elsewhere_in_a_node: "keeps weights in other files, which are not read",
    truncated: "cannot be read: it is damaged, or no ONNX file",
    one_bit: "damaged",
    longer: "is damaged, or was changed after its export",
    own_operator: "holds an operator of evil, which reid export never writes",
    program: "holds a program within Loop, which reid export never writes",
    no_facts: "of its metadata, height",
    lambda path, _: path.write_bytes(b""): "it is empty",
    lambda path, _: path.write_bytes(b"\xff\xd8\xff\xe0 and more"): "it is a picture",
    lambda path, _: path.mkdir(): "it is a folder",
}


@pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.__name__)
def test_others_are_refused_in_a_sentence(
    write: Callable[[Path, bytes], None], sound: bytes, tmp_path: Path
) -> None:
    write(path := tmp_path / "x.onnx", sound)
    with pytest.raises(ReIDError, match=REFUSED[write]) as error:
        open_onnx(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize(
    "claim",
    [{"height": 64}, {"dtype": "float16"}, {"embedding_size": 9}],
    ids=str,
)
def test_a_graph_that_is_not_what_the_file_says_is_refused(
    claim: dict[str, Any], sound: bytes, tmp_path: Path
) -> None:
    write_onnx(model_of(sound), tiny_facts(**claim), tmp_path / "x.onnx")
    with pytest.raises(ReIDError, match="is not what its metadata says: it has images tensor"):
        open_onnx(tmp_path / "x.onnx")


def test_a_graph_that_onnxruntime_refuses_is_named(sound: bytes, tmp_path: Path) -> None:
    model = model_of(sound)
    model.graph.node[0].op_type = "Nonsense"
    write_onnx(model, tiny_facts(), tmp_path / "x.onnx")
    with pytest.raises(ReIDError, match=r"onnxruntime cannot run .*x\.onnx"):
        open_onnx(tmp_path / "x.onnx")
