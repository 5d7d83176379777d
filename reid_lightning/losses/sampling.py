"""Random pictures of the same or of another identity, in linear memory and without GPU syncs."""

from typing import NamedTuple

import torch
from torch import Tensor


class LabelSegments(NamedTuple):
    """The batch sorted by label: each identity is one segment of it. All of shape [batch].

    `order` holds the picture indices in sorted order and `position` is each picture's index in
    `order`; `start` and `size` describe the segment of each picture's identity.
    """

    order: Tensor
    position: Tensor
    start: Tensor
    size: Tensor


def label_segments(labels: Tensor) -> LabelSegments:
    """The segments of labels [batch]."""
    ordered, order = labels.sort(stable=True)
    start = torch.searchsorted(ordered, labels)
    size = torch.searchsorted(ordered, labels, right=True) - start
    return LabelSegments(order, order.argsort(), start, size)


def sample_uniforms(rows: int, labels: Tensor, generator: torch.Generator | None) -> Tensor:
    """Uniform numbers [rows, batch] in [0, 1), on the device of `labels` [batch].

    They are generated on the CPU, so that they are the same on every device.
    """
    uniforms = torch.rand(rows, len(labels), generator=generator)
    return uniforms.to(labels.device, non_blocking=True)


def sample_same_identity(uniforms: Tensor, segments: LabelSegments) -> tuple[Tensor, Tensor]:
    """For each picture, another picture of its identity.

    Args:
        uniforms: [batch], in [0, 1): each picks among a picture's candidates.
        segments: of the batch.

    Returns:
        Picture indices [batch], and a mask [batch] of where a candidate exists.
    """
    candidates = segments.size - 1
    pick = _scaled(uniforms, candidates)
    pick = pick + (pick >= segments.position - segments.start)  # skip the picture itself
    last = len(uniforms) - 1
    return segments.order[(segments.start + pick).clamp(max=last)], candidates > 0


def sample_other_identity(
    uniforms: Tensor, segments: LabelSegments, *excluded: Tensor
) -> tuple[Tensor, Tensor]:
    """For each row of the batch, a picture of an identity that is not excluded.

    Args:
        uniforms: [batch], in [0, 1): each picks among a row's candidates.
        segments: of the batch.
        excluded: picture indices [batch] each; their identities are excluded, and must differ
            from each other within a row.

    Returns:
        Picture indices [batch], and a mask [batch] of where a candidate exists.
    """
    starts, rank = torch.stack([segments.start[indices] for indices in excluded]).sort(0)
    sizes = torch.stack([segments.size[indices] for indices in excluded]).gather(0, rank)
    candidates = len(uniforms) - sizes.sum(0)
    pick = _scaled(uniforms, candidates)
    for start, size in zip(starts, sizes, strict=True):
        pick = pick + size * (pick >= start)  # skip the excluded segment
    return segments.order[pick.clamp(max=len(uniforms) - 1)], candidates > 0


def _scaled(uniforms: Tensor, candidates: Tensor) -> Tensor:
    # Rounding may bring uniforms × candidates up to `candidates` itself.
    return torch.minimum((uniforms * candidates).long(), candidates - 1).clamp(min=0)
