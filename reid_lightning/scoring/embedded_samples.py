"""Samples as the tensors that retrieval and ranking take."""

from collections.abc import Sequence

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.retrieval import EmbeddedSet


def embedded_set(samples: Sequence[Sample], embeddings: Tensor) -> EmbeddedSet:
    """Samples with their embeddings [n, d], on the embeddings' device."""
    return EmbeddedSet(embeddings, *(c.to(embeddings.device) for c in columns_of(samples)))


def columns_of(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pids, camids and times (-1: none) of samples, all [n]."""
    times = [-1 if s.time is None else s.time for s in samples]
    pids, camids = [s.pid for s in samples], [s.camid for s in samples]
    return torch.tensor(pids), torch.tensor(camids), torch.tensor(times)
