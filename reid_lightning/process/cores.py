"""Runs side by side share a machine's cores."""

import os

# How often a waiting thread looks before it sleeps. Measured on two cores (docs/performance.md): a
# run alone is as fast as with libgomp's 300,000, and two side by side are half as fast again.
_LOOKS = 3500


def share_cores() -> None:
    """Have OpenMP's threads sleep soon, and not spin, while they wait for one another.

    To be called before torch is loaded, which reads the variable; processes that are started later
    inherit it. What a user has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(_LOOKS))
