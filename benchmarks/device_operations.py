"""Counts the operations that a device would be given, on any device."""

from collections import Counter
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

# They allocate, or change what a tensor is called, and start nothing on a device.
_NOTHING_RUNS = {
    "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "resize_", "set_",
    "_unsafe_view", "lift_fresh",
}  # fmt: skip


class DeviceOperations(TorchDispatchMode):
    """Counts kernels and copies as PyTorch dispatches them; views and allocations are none.

    A compiled function of the CPU's is not PyTorch's, and an operation that is composed of several
    kernels counts once. On the CPU, what prepares a copy to the device on the host counts too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count one operation and run it."""
        name = func.overloadpacket.__name__
        if not (func.is_view or name in _NOTHING_RUNS):
            self.names[name] += 1
        return func(*args, **(kwargs or {}))
