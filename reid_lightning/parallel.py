"""Kernels that hold no lock, run on blocks of rows by several threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

T = TypeVar("T")
_A_THREAD = 4  # blocks, so that one slow block does not keep the other threads waiting


def in_blocks(work: Callable[..., T], count: int, *arguments: Any) -> list[T]:
    """What `work(start, stop, *arguments)` gives for each block of `count` rows, in order.

    As many run at a time as torch has threads.
    """
    threads = torch.get_num_threads()
    size = max(1, -(-count // (_A_THREAD * threads)))
    starts = range(0, count, size)
    with ThreadPoolExecutor(threads) as pool:
        return list(
            pool.map(lambda start: work(start, min(start + size, count), *arguments), starts)
        )
