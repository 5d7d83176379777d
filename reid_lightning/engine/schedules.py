"""Learning-rate schedules: pure functions from epochs passed to a factor of `optimizer.lr`."""

import math
from collections.abc import Sequence

from reid_lightning.signatures import NonNegative, Share


def warmup(epoch: float, warmup_epochs: float) -> float:
    """Linear from 0.01 to 1 over the first `warmup_epochs` epochs, then 1."""
    return 1.0 if epoch >= warmup_epochs else 0.01 + 0.99 * epoch / warmup_epochs


def constant(epoch: float, max_epochs: int) -> float:
    """1 throughout."""
    return 1.0


def warmup_cosine(
    epoch: float, max_epochs: int, *, warmup_epochs: NonNegative, final: Share
) -> float:
    """Warm-up, then half a cosine from 1 down to `final` at the last epoch (Loshchilov 2017)."""
    span = max(max_epochs - warmup_epochs, 1e-9)
    passed = min(max(epoch - warmup_epochs, 0.0) / span, 1.0)
    cosine = final + (1 - final) * (1 + math.cos(math.pi * passed)) / 2
    return warmup(epoch, warmup_epochs) * cosine


def warmup_multistep(
    epoch: float,
    max_epochs: int,
    *,
    warmup_epochs: NonNegative,
    milestones: Sequence[Share],
    gamma: Share,
) -> float:
    """Warm-up, then × `gamma` at each of `milestones`, given as shares of all epochs."""
    passed = sum(epoch >= share * max_epochs for share in milestones)
    return warmup(epoch, warmup_epochs) * gamma**passed


def exponential(epoch: float, max_epochs: int, *, start: Share, final: Share) -> float:
    """Constant, then decaying exponentially to `final` at the last epoch.

    The schedule of "In Defense of the Triplet Loss" (Hermans et al. 2017): `start` is the share
    of all epochs (15,000 of 25,000 iterations there) from which it decays to 0.001.
    """
    begin = start * max_epochs
    if epoch <= begin:
        return 1.0
    return float(final ** ((epoch - begin) / (max_epochs - begin)))
