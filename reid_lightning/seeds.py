"""Seeds of independent random streams."""

import hashlib

import numpy as np
import torch


def derive_seed(stream: str, *key: int) -> int:
    """A 63-bit seed that is a function of the stream's name and of `key`, and of nothing else.

    Different names or keys have different seeds: it is a hash of an unambiguous text.
    `np.random.SeedSequence` alone pads keys with zeros, so that (7, 3) and (7, 3, 0) are one.

    Args:
        stream: what the random numbers are for, such as `dropout`.
        key: which of them, such as (run seed, epoch, step).
    """
    text = " ".join([stream, *(str(int(part)) for part in key)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def random_stream(stream: str, *key: int) -> np.random.Generator:
    """NumPy's generator with the seed `derive_seed(stream, *key)`."""
    return np.random.default_rng(derive_seed(stream, *key))


def seed_default_generators(seed: int, device: torch.device) -> None:
    """Seed torch's generators of the CPU and of `device`, as `torch.manual_seed` does with all.

    That one costs milliseconds: for devices that are not there it keeps a formatted stack.

    Args:
        seed: of 63 bits.
        device: that a network computes on.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.default_generators[index].manual_seed(seed)
    elif device.type != "cpu":
        torch.manual_seed(seed)
