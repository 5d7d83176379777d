"""Embedded pictures: the queries, or the gallery."""

from typing import NamedTuple

from torch import Tensor


class Pictures(NamedTuple):
    """Embeddings [n, d], and of each picture its pid, camid and time, all of shape [n].

    Times are in frames on the camera's clock; -1 where there is none.
    """

    embeddings: Tensor
    pids: Tensor
    camids: Tensor
    times: Tensor

    def take(self, which: Tensor) -> "Pictures":
        """Those pictures that a mask or indices name, copied."""
        return Pictures(*(column[which] for column in self))
