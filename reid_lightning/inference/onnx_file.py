"""ONNX files of embedding networks: written with what they are, read without running anything."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import content_kind, not_a_file
from reid_lightning.inference.export_facts import FACTS_KEY, ExportFacts, facts_text, parse_facts

SUFFIX = ".onnx"
_CHECKSUM_KEY = "reid_lightning_checksum"
_DIGEST_BYTES = 16
_MOST_BYTES = 2**31  # of any protobuf message


class OnnxFile(NamedTuple):
    """An exported network: the file's bytes, and what they say of it."""

    content: bytes
    facts: ExportFacts


def write_onnx(model: Any, facts: ExportFacts, path: Path) -> None:
    """Write an `onnx.ModelProto` with its facts and a checksum.

    Raises:
        OSError: it cannot be written.
    """
    from onnx import helper

    helper.set_model_props(model, {FACTS_KEY: facts_text(facts)})
    body = model.SerializeToString()
    path.write_bytes(body + _checksum_entry(body))


def read_onnx(path: Path) -> OnnxFile:
    """A file of `write_onnx`, which may come from a stranger.

    Of another the graph is not even looked at: it has the operators of ONNX alone, no programs in
    them, and all its numbers are in the file.

    Raises:
        ReIDError: it cannot be read, is damaged, or is no file that `reid export` wrote.
        ModuleNotFoundError: onnx is not installed.
    """
    import onnx

    content = _read_bytes(path)
    try:
        model = onnx.load_model_from_string(content)
        facts = next((p.value for p in model.metadata_props if p.key == FACTS_KEY), None)
    except Exception as error:  # of the parser, whose errors are of no public class
        kind = content_kind(path) or "it is damaged, or no ONNX file"
        raise ReIDError(f"{path} cannot be read: {kind}.") from error
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in _tensors(model)):
        raise ReIDError(
            f"{path} keeps weights in other files, which are not read: export the network again "
            f"by reid export, whose files are whole."
        )
    if facts is None:
        raise ReIDError(f"{path} is no ONNX file that reid export wrote: {_description(model)}.")
    body, entry = content[: -_entry_size()], content[-_entry_size() :]
    if entry != _checksum_entry(body):
        raise ReIDError(f"{path} is damaged, or was changed after its export: export it again.")
    if foreign := _foreign_part(model):
        raise ReIDError(f"{path} holds {foreign}, which reid export never writes: it is not run.")
    try:
        return OnnxFile(content, parse_facts(facts))
    except ReIDError as error:
        raise ReIDError(
            f"{path} is no ONNX file that this version of reid export wrote: {error}."
        ) from error


def _read_bytes(path: Path) -> bytes:
    reason = not_a_file(path)
    try:
        if reason is None and path.stat().st_size >= _MOST_BYTES:
            reason = "it is larger than any ONNX file, 2 GiB"
        if reason is None:
            return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
    raise ReIDError(f"{path} cannot be read: {reason}.")


def _checksum_entry(body: bytes) -> bytes:
    """An entry of the metadata: messages of protobuf are joined by joining their bytes."""
    from onnx import ModelProto, StringStringEntryProto

    digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()
    entry = StringStringEntryProto(key=_CHECKSUM_KEY, value=digest)
    return bytes(ModelProto(metadata_props=[entry]).SerializeToString())


def _entry_size() -> int:
    return len(_checksum_entry(b""))


def _tensors(model: Any) -> Iterator[Any]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)


def _foreign_part(model: Any) -> str | None:
    if model.functions or model.training_info or model.graph.sparse_initializer:
        return "functions or sparse weights"
    for node in model.graph.node:
        if node.domain not in ("", "ai.onnx"):
            return f"an operator of {node.domain[:40]}"
        if any(a.HasField("g") or a.graphs or a.sparse_tensors for a in node.attribute):
            return f"a program within {node.op_type[:40]}"
    return None


def _description(model: Any) -> str:
    outputs = ", ".join(f"{o.name[:40]!r}" for o in model.graph.output[:4])
    return f"it gives {outputs}, and has no metadata of embeddings" if outputs else "it is empty"
