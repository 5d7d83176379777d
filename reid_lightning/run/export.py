"""The command `export`: a trained network as a file for other programs, proven equal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.files import replaced_atomically
from reid_lightning.inference.check_export import check_equal
from reid_lightning.inference.export_graph import (
    ExportGraph,
    ExportType,
    Normalize,
    export_program,
    to_onnx,
)
from reid_lightning.inference.exported_file import Export, export_text
from reid_lightning.inference.latency import measure_latency
from reid_lightning.inference.onnx_file import write_onnx
from reid_lightning.inference.onnx_network import OnnxNetwork, open_onnx
from reid_lightning.inference.program_file import run_own_program, write_program
from reid_lightning.run.export_facts_of import facts_of
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_model import embedding_model, load_network
from reid_lightning.run.model_source import ModelSource
from reid_lightning.run.quantized_export import pictures_to_quantize, write_quantized
from reid_lightning.run.training_set import pictures_to_compare, training_set
from reid_lightning.signatures import FilePath, Text, checked

Format = Literal["onnx", "torch_export"]
_SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}


@checked("export")
def export(
    *,
    format: Format = "onnx",
    out: FilePath | None = None,
    normalize: Normalize = "inside",
    dtype: ExportType = "float32",
    quantize: Literal["int8"] | None = None,
    data: Text | None = None,
    latency: bool = False,
    **source: Unpack[ModelSource],
) -> Export:
    """Export a network for other programs: `reid export checkpoint=RUN format=onnx`.

    The file takes batches of any size and gives embeddings of unit norm. It is written only if it
    gives what the network gives for 64 pictures.

    Args:
        format: onnx, or torch_export (.pt2).
        out: the file; null: model.onnx or model.pt2.
        normalize: inside: the file takes RGB pixels from 0 to 255; outside: it takes them scaled
            to 1 and normalised by ImageNet's mean and deviation, as many trackers do by themselves.
        dtype: float32, or float16, half the size, for GPUs.
        quantize: int8, a quarter of the size, scaled by 256 training pictures; what that costs in
            mAP is measured.
        data: the set it was trained on, as in data=market1501, with its options, as in
            data.root=FOLDER; null: the one that the checkpoint names.
        latency: time the network and the file on this machine's CPU.

    Returns:
        The file, and what is known of it.

    Raises:
        ReIDError: something is wrong that the user can correct, or the file is not equal.
    """
    path = Path(out or f"model{_SUFFIXES[format]}").expanduser()
    _check_choices(path, format, dtype, quantize, latency)
    options = source.get("options", [])
    of_data = [o for o in options if o.lstrip("+~").startswith("data.")]
    source["options"] = [o for o in options if o not in of_data]
    trained = load_network(**source)
    if isinstance(trained.model, OnnxNetwork):
        raise ReIDError(f"{trained.model.name} is an exported file: name its checkpoint.")
    model = embedding_model(trained, "cpu")
    graph = ExportGraph(trained.model, normalize, dtype)
    facts = facts_of(trained, model, normalize, dtype, quantize, source.get("checkpoint"))
    if quantize:
        datamodule = training_set(trained, data, of_data)
        compared = f"{datamodule.folder.validated_on} of {datamodule.folder.name}"
        pixels = pictures_to_quantize(datamodule, model)
    else:
        pixels, compared = pictures_to_compare(trained, data, of_data)
    program = export_program(graph, model.height, model.width)
    agreement = None
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_atomically(path) as partial:
        if quantize:
            facts = write_quantized(to_onnx(program), facts, model, datamodule, pixels, partial)
        elif format == "onnx":
            write_onnx(to_onnx(program), facts, partial)
            embed = embedding_model(trained._replace(model=open_onnx(partial)), "cpu")
            agreement = check_equal(embed.embed_pixels, model.embed_pixels, pixels, dtype)
        else:
            write_program(program, facts, partial)
            own = run_own_program(partial, facts)
            agreement = check_equal(own, model.embed_pixels, pixels, dtype)
    times = []
    if latency:
        plain = graph if dtype == "float32" else ExportGraph(trained.model, normalize, "float32")
        times = measure_latency(plain, open_onnx(path))
    return Export(path, facts, compared, agreement, times)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    run_function("export", export, arguments, lambda done: print(export_text(done)))


def _check_choices(
    path: Path, format: Format, dtype: ExportType, quantize: str | None, latency: bool
) -> None:
    if path.suffix.lower() != _SUFFIXES[format]:
        raise ReIDError(f"out={path} is to end in {_SUFFIXES[format]} for format={format}.")
    if quantize and (format != "onnx" or dtype != "float32"):
        raise ReIDError("quantize=int8 is of format=onnx with dtype=float32.")
    if latency and format != "onnx":
        raise ReIDError("latency=true times ONNX files: set format=onnx.")
