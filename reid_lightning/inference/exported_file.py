"""An exported file, and what is said of it."""

from pathlib import Path
from typing import NamedTuple

import torch

from reid_lightning.inference.check_export import Agreement
from reid_lightning.inference.export_facts import ExportFacts
from reid_lightning.inference.latency import Latency, latency_table


class Export(NamedTuple):
    """An exported file.

    Args:
        path: of the file.
        facts: its metadata.
        compared: on which pictures it was compared with the network.
        agreement: how near it is to the network; None: in int8, by the mAPs of `facts.scores`.
        latency: if it was asked for.
    """

    path: Path
    facts: ExportFacts
    compared: str
    agreement: Agreement | None
    latency: list[Latency]


def export_text(done: Export) -> str:
    """What was exported, in plain text."""
    facts = done.facts
    size = f"[batch, 3, {facts.height}, {facts.width}]"
    lines = [f"{done.path}: {done.path.stat().st_size / 2**20:.1f} MiB"]
    if facts.normalize == "inside":
        lines += [f"input: RGB pixels from 0 to 255, {facts.dtype} {size}"]
    else:
        lines += [
            f"input: RGB pixels / 255, less {facts.mean}, divided by {facts.std}: "
            f"{facts.dtype} {size}"
        ]
    lines += [f"output: embeddings of unit norm, float32 [batch, {facts.embedding_size}]"]
    if near := done.agreement:
        lines += [
            f"equal to the network on {done.compared}: cosine at least {near.cosine:.6f}, "
            f"similarities within {near.similarity_error:.1g}"
        ]
    else:
        before, after = facts.scores["float/mAP"], facts.scores["int8/mAP"]
        lines += [
            f"mAP {before:.1%} before, {after:.1%} in int8 ({100 * (after - before):+.1f} points), "
            f"on {done.compared}"
        ]
    if done.latency:
        lines += ["", latency_table(done.latency, torch.get_num_threads())]
    return "\n".join(lines)
