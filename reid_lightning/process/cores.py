"""Runs side by side share a machine's cores."""

import os


def share_cores() -> None:
    """Have OpenMP's threads sleep, and not spin, while they wait for one another.

    Two runs of two threads each on two cores are several times as fast so. To be called before
    torch is loaded, which reads the variable; processes that are started later inherit it. What a
    user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
