from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.readers.numbered import MOST, numbered

NAMES = st.lists(
    st.text(max_size=6) | st.integers(0, 10**17).map(str) | st.sampled_from(["7", "007"])
)


def test_whole_numbers_stand_for_themselves() -> None:
    assert numbered(["0012", "7", "0", "7"]) == {"0012": 12, "7": 7, "0": 0}


def test_names_are_numbered_in_sorted_order() -> None:
    assert numbered(["bob", "alice", "bob", "Ünal"]) == {"alice": 0, "bob": 1, "Ünal": 2}
    assert numbered([]) == {}


def test_two_names_of_one_number_are_two() -> None:
    assert numbered(["7", "007"]) == {"007": 0, "7": 1}
    assert numbered(["7", "1_0", "\u0663"]) == {"1_0": 0, "7": 1, "\u0663": 2}


def test_what_is_beyond_int64_is_a_name() -> None:
    for digits in (str(MOST + 1), "9" * 30, "9" * 5000):
        assert numbered(["0", digits]) == {"0": 0, digits: 1}


@given(NAMES)
def test_two_names_have_two_numbers(names: list[str]) -> None:
    numbers = numbered(names)
    assert numbers.keys() == set(names)
    assert len(set(numbers.values())) == len(numbers)
    assert all(0 <= number <= MOST for number in numbers.values())


@given(NAMES, st.randoms())
def test_order_and_repeats_change_nothing(names: list[str], random: Random) -> None:
    shuffled = names * 2
    random.shuffle(shuffled)
    assert numbered(shuffled) == numbered(names)
