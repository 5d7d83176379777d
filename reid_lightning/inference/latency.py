"""How long a network takes for a picture, by the programs that run it on a CPU."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from tabulate import tabulate

from reid_lightning.inference.export_graph import INPUT, ExportGraph
from reid_lightning.inference.onnx_network import OnnxNetwork

BATCHES = (1, 32)
_SECONDS, _LEAST = 2.0, 5  # for each figure

Run = Callable[[np.ndarray], object]


class Latency(NamedTuple):
    """The median time of a batch, in milliseconds."""

    program: str
    batch: int
    milliseconds: float


def measure_latency(graph: ExportGraph, exported: OnnxNetwork) -> list[Latency]:
    """Time PyTorch, onnxruntime and, where it is installed, OpenVINO, on torch's threads.

    Args:
        graph: in float32.
        exported: its export, which may be in float16 or int8.
    """
    height, width = exported.facts.height, exported.facts.width
    programs: dict[str, tuple[Run, Any]] = {
        "PyTorch": (_torch(graph), np.float32),
        "onnxruntime": (_onnxruntime(exported), exported.facts.dtype),
    }
    if find_spec("openvino"):
        programs["OpenVINO"] = (_openvino(exported.name), exported.facts.dtype)
    return [
        Latency(program, batch, _median(run, np.zeros((batch, 3, height, width), dtype)))
        for batch in BATCHES
        for program, (run, dtype) in programs.items()
    ]


def latency_table(rows: list[Latency], threads: int) -> str:
    """The times in plain text."""
    found = {(row.program, row.batch): row.milliseconds for row in rows}
    programs = dict.fromkeys(row.program for row in rows)
    lines = [[p, *(f"{found[p, b]:.1f}" for b in BATCHES)] for p in programs]
    head = [f"ms, {threads} thread{'s' * (threads != 1)}", *(f"batch {b}" for b in BATCHES)]
    return tabulate(lines, head, disable_numparse=True, colalign=("left", "right", "right"))


def _torch(graph: ExportGraph) -> Run:
    def run(images: np.ndarray) -> object:
        with torch.inference_mode():
            return graph(torch.from_numpy(images).contiguous(memory_format=torch.channels_last))

    return run


def _onnxruntime(exported: OnnxNetwork) -> Run:
    return lambda images: exported.session.run(None, {INPUT: images})


def _openvino(path: Path) -> Run:
    import openvino

    settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    return lambda images: compiled(images)


def _median(run: Run, images: np.ndarray) -> float:
    run(images)
    times = list[float]()
    end = time.perf_counter() + _SECONDS
    while len(times) < _LEAST or time.perf_counter() < end:
        started = time.perf_counter()
        run(images)
        times.append(1000 * (time.perf_counter() - started))
    return median(times)
