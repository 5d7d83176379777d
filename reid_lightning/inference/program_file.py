"""Files of torch.export: written with what they are, and read only by who has written them."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from reid_lightning.inference.export_facts import FACTS_KEY, ExportFacts, facts_text
from reid_lightning.inference.export_graph import graph_input

if TYPE_CHECKING:
    from torch.export import ExportedProgram


def write_program(program: "ExportedProgram", facts: ExportFacts, path: Path) -> None:
    """Write a program of torch.export; its facts are the extra file `reid_lightning`.

    Raises:
        OSError: it cannot be written.
    """
    content = io.BytesIO()  # a path would have to end in .pt2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own parts
        torch.export.save(program, content, extra_files={FACTS_KEY: facts_text(facts)})
    path.write_bytes(content.getvalue())


def run_own_program(path: Path, facts: ExportFacts) -> Callable[[Tensor], Tensor]:
    """Pixels uint8 [B, H, W, 3] → embeddings, by a file that this process has written.

    To read one of a stranger would run its code.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own parts
        module = torch.export.load(io.BytesIO(path.read_bytes())).module()

    @torch.inference_mode()
    def embed(pixels: Tensor) -> Tensor:
        embeddings: Tensor = module(graph_input(pixels, facts.normalize, facts.dtype))
        return embeddings

    return embed
