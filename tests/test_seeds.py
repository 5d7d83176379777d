"""Random streams are functions of their name and key, and no two are one."""

from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.seeds import derive_seed, random_stream

STREAMS = st.sampled_from(["batches", "crop", "dropout", "erasing", "flip", "jitter", "mining"])
KEYS = st.lists(st.integers(0, 2**40), max_size=5)


@given(STREAMS, KEYS, STREAMS, KEYS)
def test_two_streams_are_one_only_with_the_same_name_and_key(
    stream: str, key: list[int], other_stream: str, other_key: list[int]
) -> None:
    same = (stream, key) == (other_stream, other_key)
    assert (derive_seed(stream, *key) == derive_seed(other_stream, *other_key)) == same
    assert 0 <= derive_seed(stream, *key) < 2**63


def test_keys_that_numpy_takes_for_one_are_different() -> None:
    keys = [(7, 3), (7, 3, 0), (7, 3, 0, 0), (73,), (2**32 + 7,), (7, 1)]
    assert len({derive_seed("x", *key) for key in keys}) == len(keys)
    first = {float(random_stream("x", *key).random()) for key in keys}
    assert len(first) == len(keys)


def test_a_seed_stays_what_it_is_in_every_process_and_version() -> None:
    assert derive_seed("mining", 0, 1, 2) == derive_seed("mining", 0, 1, 2)
    assert derive_seed("mining", 0, 1, 2) == 3657485489689048449
