"""Seeds of independent random streams, so that every draw is a function of where it is made."""

import numpy as np


def derive_seed(*place: int) -> int:
    """A 63-bit seed for the stream at `place`, such as (run seed, epoch, step, picture)."""
    return int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0] >> np.uint64(1))
