"""The checks before ranking: embeddings are finite, and no distance is NaN."""

from torch import Tensor

from reid_lightning.distances import all_finite
from reid_lightning.errors import ReIDError
from reid_lightning.parallel import chunks


def check_finite(embeddings: Tensor) -> None:
    """Check a chunk of rows at a time that every number of `embeddings` [n, d] is finite.

    Raises:
        ReIDError: an embedding holds NaN or infinity.
    """
    row_bytes = embeddings.shape[1] * embeddings.element_size()
    for chunk in chunks(len(embeddings), row_bytes):
        if not all_finite(embeddings[chunk]):
            raise ReIDError(
                "An embedding is not finite: the network diverged; lower optimizer.lr and train "
                "again, or, if half precision is too coarse for it, set trainer.precision=32-true."
            )


def check_no_nan(distances: Tensor) -> None:
    """Check that none of `distances` (any shape) is NaN, which no order of distances has.

    Raises:
        ReIDError: one is.
    """
    if distances.numel() and distances.amax().isnan():  # the largest of all is NaN where any is
        raise ReIDError(
            "A distance to rank is NaN, neither near nor far: check the embeddings, or the scores, "
            "that it was computed from."
        )
