"""The one check that embeddings are finite."""

from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.parallel import chunks


def check_finite(embeddings: Tensor) -> None:
    """Check a chunk of rows at a time that every number of `embeddings` [n, d] is finite.

    Raises:
        ReIDError: an embedding holds NaN or infinity.
    """
    row_bytes = embeddings.shape[1] * embeddings.element_size()
    for chunk in chunks(len(embeddings), row_bytes):
        if not embeddings[chunk].isfinite().all():
            raise ReIDError(
                "An embedding is not finite: the network diverged; lower optimizer.lr and train "
                "again."
            )
