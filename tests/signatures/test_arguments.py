"""Values against annotations: what is meant passes, anything else is named in a sentence."""

import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypedDict

import pytest
import torch
from annotated_types import Ge, Len, Lt
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import NotRequired, Required, Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.signatures import (
    Count,
    FilePath,
    NonNegative,
    Positive,
    Share,
    Text,
    arguments_of,
    check_argument,
    describe,
)


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Step(Protocol):
    """That is not for `isinstance`."""


Margin = NonNegative | Literal["soft"]
PASSES: list[tuple[Any, list[object]]] = [
    (bool, [True, False]),
    (Count, [1, 10**9]),
    (float, [1, 0.5, -1e300]),
    (Margin, [0, 0.3, "soft"]),
    (Count | None, [None, 3]),
    (str | Path, ["", "a/b", "caf\udce9.jpg"]),
    (Sequence[Share], [[], [0, 1]]),
    (tuple[float, float], [[1, 2]]),
    (Mapping[str, int], [{}, {"a": 1}]),
    (Literal["auto"] | bool, ["auto", True]),
    (torch.nn.Module, []),
    (Any, [None, "x", [1, {"a": None}]]),
    (dict, [{"a": 1}]),
    (tuple[Step, ...], [[], [1]]),
]
REFUSED: list[tuple[Any, object, str]] = [
    (bool, "off", "k=off must be true or false."),
    (bool, 1, "k=1 must be true or false."),
    (Count, 4.5, "k=4.5 must be an integer of 1 or more."),
    (Count, "4", "k='4' must be an integer of 1 or more."),
    (Count, True, "k=true must be an integer of 1 or more."),
    (Count, 10**30, f"k={10**30} is too large a number."),
    (int, "x" * 300, f"k={'x' * 200}… must be an integer."),
    (Margin, -1, "k=-1 must be a number from 0 to 1000000, or soft."),
    (Margin, float("nan"), "k=nan must be a number from 0 to 1000000, or soft."),
    (Margin, float("inf"), "k=inf must be a number from 0 to 1000000, or soft."),
    (NonNegative, 10**30, f"k={10**30} is too large a number."),
    (Share, 1.5, "k=1.5 must be a number from 0 to 1."),
    (Positive, 0, "k=0 must be a number from above 0 to 1000000."),
    (Annotated[float, Ge(0), Lt(1)], 1, "k=1 must be a number from 0 to below 1."),
    (Count | None, "", "k='' must be an integer of 1 or more, or null."),
    (Text, "", "k='' must be text that is not empty."),
    (str, None, "k=null must be text."),
    (Literal["avg", "max"], "avgg", "k=avgg must be avg or max."),
    (Sequence[Share], ["a"], 'k=["a"] must be a list, each of it a number from 0 to 1.'),
    (tuple[float, int], [1], "k=[1] must be a list of 2: a number, an integer."),
    (FilePath, "", "k='' must be text that is not empty."),
    (
        Mapping[Literal["train", "query"], int],
        {"trian": 3},
        'k={"trian": 3} must be keys (train or query), each with an integer.',
    ),
    (dict, 3, "k=3 must be keys."),
    (typing.Dict, 3, "k=3 must be keys."),  # noqa: UP006
    (typing.Mapping, 3, "k=3 must be keys."),
    (list, 3, "k=3 must be a list."),
    (typing.Tuple, 3, "k=3 must be a list."),  # noqa: UP006
    (Colour, "blue", "k=blue must be red or green."),
    (
        list[int] | int | str,
        None,
        "k=null must be an integer, text, or a list, each of it an integer.",
    ),
    (Callable[[int], int], 3, "k=3 must be a group with a _target_."),
    (torch.nn.Module, 3, "k=3 must be a group with a _target_."),
]


@pytest.mark.parametrize(("hint", "values"), PASSES)
def test_what_is_meant_passes(hint: Any, values: list[object]) -> None:
    for value in values:
        check_argument("k", value, hint)


@pytest.mark.parametrize(("hint", "value", "message"), REFUSED)
def test_what_is_not_is_a_sentence(hint: Any, value: object, message: str) -> None:
    with pytest.raises(ReIDError) as error:
        check_argument("k", value, hint)
    assert str(error.value) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6,
)


@given(JSON, st.sampled_from([hint for hint, *_ in (*PASSES, *REFUSED)]))
def test_any_value_passes_or_is_named(value: object, hint: Any) -> None:
    try:
        check_argument("a.key", value, hint)
    except ReIDError as error:
        assert str(error).startswith("a.key=")
        # Numbers where text is wanted are also told how to be quoted.
        allowed = f"must be {describe(hint)}"
        assert allowed in str(error) or str(error).endswith("is too large a number.")


def test_limits_that_describe_a_length() -> None:
    assert describe(Annotated[list[int], Len(4, 4)]) == "a list, each of it an integer (4 of them)"


class Options(TypedDict, total=False):
    size: Required[Count]
    name: str
    count: NotRequired[Count]


class Builder:
    def __init__(self, width: int, *rest: int, unknown: "Nowhere" = 0) -> None:  # type: ignore  # noqa: F821
        """An annotation that cannot be evaluated."""


def named(a: int, **options: Unpack[Options]) -> None:
    """Its options have names."""


def any_name(a: int, b=0, c=True, d=None, **options: Any) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Its options may have any."""


def implicit(a: int = None, b: "list[int]" = None) -> None:  # type: ignore  # noqa: RUF013
    """As code of before Python 3.10 says it."""


def test_none_may_be_given_where_it_is_the_default() -> None:
    hints = arguments_of(implicit).hints
    for value in (None, 3):
        check_argument("a", value, hints["a"])
    check_argument("b", None, hints["b"])
    with pytest.raises(ReIDError, match="must be an integer, or null"):
        check_argument("a", 2.5, hints["a"])


def test_arguments_of_functions_and_classes() -> None:
    assert arguments_of(named) == ({"a": int, "size": Count, "name": str, "count": Count}, False)
    assert arguments_of(any_name) == ({"a": int, "b": Any, "c": Any, "d": Any | None}, True)
    assert arguments_of(Builder) == ({"width": int, "unknown": Any}, False)
    assert arguments_of(dict).open, "a built-in without a signature"
    hints, is_open = arguments_of(torch.optim.Adam)
    assert hints["weight_decay"] is float and not is_open
