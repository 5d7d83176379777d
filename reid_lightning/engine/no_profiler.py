"""The profiler of a training that is not profiled."""

from contextlib import nullcontext
from typing import Any

from pytorch_lightning.profilers import PassThroughProfiler

_NOTHING = nullcontext()


class NoProfiler(PassThroughProfiler):
    """Does nothing, in less time than Lightning's own, which makes 75 context managers a step."""

    def __init__(self) -> None:
        super().__init__()

    def profile(self, action_name: str) -> Any:
        """The same empty context for every action."""
        return _NOTHING
