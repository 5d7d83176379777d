"""A random stream for each augmentation."""

from collections.abc import Sequence

import numpy as np

from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS
from reid_lightning.data.augmentation.jitter import JITTER_COLUMNS
from reid_lightning.data.augmentation.uniforms import Uniforms
from reid_lightning.seeds import random_stream

# Random numbers of a picture for each augmentation, from a stream of its own: what one of them does
# to a picture depends neither on which others are on nor on which others there are.
STREAMS = {"flip": 1, "crop": 2, "erasing": ERASING_COLUMNS, "jitter": JITTER_COLUMNS}
COLUMNS = sum(STREAMS.values())


def augmentation_uniforms(seed: int, position: Sequence[int], count: int) -> Uniforms:
    """The random numbers of one process's batch.

    A picture's numbers are a function of (seed, epoch, step, its index in the global batch), so
    that they do not depend on the number of processes.

    Args:
        seed: the run's seed.
        position: epoch, step, and the index of the first picture in the global batch.
        count: pictures in the batch.

    Returns:
        float64 [count, COLUMNS], uniform in [0, 1).
    """
    epoch, step, first = position
    parts = [
        random_stream(name, seed, epoch, step).random((first + count, columns))[first:]
        for name, columns in STREAMS.items()
    ]
    return np.hstack(parts)
