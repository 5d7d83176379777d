"""Keep large freed blocks in the process: an allocator setting that speeds up CPU training."""

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1


def keep_large_blocks() -> bool:
    """Stop glibc from returning large activations to the kernel after every step.

    By default each is mapped again, zeroed page by page, and unmapped. Does nothing, and returns
    false, where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    return bool(libc.mallopt(_M_MMAP_THRESHOLD, _NEVER) and libc.mallopt(_M_TRIM_THRESHOLD, _NEVER))
