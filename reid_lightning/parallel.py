"""Work on the rows of a matrix in pieces: chunks that bound memory, blocks shared by threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

T = TypeVar("T")
Item = TypeVar("Item")

CHUNK_BYTES = 2**27  # 128 MiB: what a chunk of rows may take
_MAX_ITEMS_PER_CHUNK = 256  # of `map_in_chunks`
_BLOCKS_PER_THREAD = 4  # so that one slow block does not keep the other threads waiting


def chunks(count: int, row_bytes: int, most: int | None = None) -> Iterator[slice]:
    """Slices of `count` rows, of `CHUNK_BYTES` each or of a single row that is larger.

    There is always one at least, an empty one of no rows.

    Args:
        count: rows.
        row_bytes: that a row takes.
        most: rows of a chunk, however small they are.
    """
    size = max(1, CHUNK_BYTES // max(1, row_bytes))
    size = size if most is None else min(size, most)
    for start in range(0, max(1, count), size):
        yield slice(start, min(start + size, count))


def in_blocks(work: Callable[..., T], count: int, *arguments: Any) -> list[T]:
    """The results of `work(start, stop, *arguments)` for each block of `count` rows, in order.

    As many blocks run at a time as torch has threads: `work` must hold no lock.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(0, count, *arguments)] if count else []
    size = max(1, -(-count // (_BLOCKS_PER_THREAD * threads)))
    starts = range(0, count, size)
    with ThreadPoolExecutor(threads) as pool:
        return list(
            pool.map(lambda start: work(start, min(start + size, count), *arguments), starts)
        )


def map_in_chunks(
    work: Callable[[Item], T], items: Sequence[Item], result_bytes: int
) -> Iterator[T]:
    """Yield `work(item)` in order, computed by threads, a chunk at a time to bound the memory.

    Args:
        work: reads or decodes files, say.
        items: its arguments.
        result_bytes: that a result takes.
    """
    with ThreadPoolExecutor() as pool:
        for chunk in chunks(len(items), result_bytes, most=_MAX_ITEMS_PER_CHUNK):
            yield from pool.map(work, items[chunk])
