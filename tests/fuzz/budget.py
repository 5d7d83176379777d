"""How long the fuzz tests search: a minute for all of them, or `make fuzz`'s many times that."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("REID_FUZZ", "1"))


def examples(count: int) -> Any:
    """Settings for `count` examples, or `FACTOR` times as many, others each time."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=count * FACTOR,
        deadline=None,
        derandomize=FACTOR == 1,
        suppress_health_check=slow,
    )
