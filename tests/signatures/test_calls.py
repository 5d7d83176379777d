"""Calls from Python are checked as a configuration is, and stay what they were otherwise."""

import copy
import inspect
import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.losses import TripletLoss
from reid_lightning.losses.criterion import CommonTerms
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.retrieval import Rerank, Retrieval
from reid_lightning.signatures import (
    Count,
    FilePath,
    NonNegative,
    Share,
    arguments_of,
    check_call,
    checked,
)

CALLS: list[str] = []


@checked("group")
def function(
    count: Count,
    share: Share = 0.5,
    *rest: int,
    on: bool = True,
    shares: Sequence[Share] = (),
    file: FilePath = "x",
    network: torch.nn.Module | None = None,
    hook: Callable[[int], int] | None = None,
    numbers: Mapping[str, NonNegative] | None = None,
    **terms: Unpack[CommonTerms],
) -> "tuple[int, float]":
    """Of many arguments."""
    CALLS.append("called")
    return count, share


@checked("group")
class Base:
    """With a constructor."""

    def __init__(self, margin: NonNegative, other: "Base | None" = None) -> None:
        CALLS.append("called")
        self.margin, self.other = margin, other


class Derived(Base):
    def __init__(self, margin: str) -> None:
        super().__init__(float(margin))


@checked("Point")
@dataclass(frozen=True)
class Point:
    x: Share
    y: Share = 0


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "by position": (lambda: function(0), "group.count=0 must be an integer of 1 or more."),
    "by name": (lambda: function(count=2.5), "group.count=2.5 must be an integer of 1 or more."),  # type: ignore[arg-type]
    "NaN": (lambda: function(1, math.nan), "group.share=nan must be a number from 0 to 1."),
    "NumPy's NaN": (
        lambda: function(1, np.float32(math.nan)),  # type: ignore[arg-type]
        "group.share=nan must be a number from 0 to 1.",
    ),
    "a NumPy truth": (
        lambda: function(np.bool_(True)),  # type: ignore[arg-type]
        "group.count=true must be an integer of 1 or more.",
    ),
    "off": (lambda: function(1, on="off"), "group.on=off must be true or false."),  # type: ignore[arg-type]
    "in a tuple": (
        lambda: function(1, shares=(0, 2)),
        "group.shares=[0, 2] must be a list, each of it a number from 0 to 1.",
    ),
    "in a mapping": (
        lambda: function(1, numbers={"a": -1}),
        'group.numbers={"a": -1} must be keys, each with a number from 0 to 1000000, or null.',
    ),
    "a path": (lambda: function(Path("a")), "group.count=a must be an integer of 1 or more."),  # type: ignore[arg-type]
    "of a typed dictionary": (
        lambda: function(1, label_smoothing=1),
        "group.label_smoothing=1 must be a number from 0 to below 1.",
    ),
    "no network": (
        lambda: function(1, network=3),  # type: ignore[arg-type]
        "group.network=3 must be a group with a _target_, or null.",
    ),
    "a class": (lambda: Base(-1), "group.margin=-1 must be a number from 0 to 1000000."),
    "a derived class": (
        lambda: Derived("-1"),
        "group.margin=-1.0 must be a number from 0 to 1000000.",
    ),
    "a dataclass": (lambda: Point(2), "Point.x=2 must be a number from 0 to 1."),
    "a replaced field": (
        lambda: replace(Point(0), y=-1),
        "Point.y=-1 must be a number from 0 to 1.",
    ),
    "a loss": (
        lambda: TripletLoss("hard", -1, normalize=True),
        "loss.margin=-1 must be a number from 0 to 1000000, or soft.",
    ),
    "a space": (
        lambda: EmbeddingSpace("euclidian", normalize=True),  # type: ignore[arg-type]
        "loss.distance=euclidian must be euclidean, squared or cosine.",
    ),
    "a step": (lambda: Retrieval(flip="off"), "retrieval.flip=off must be true or false."),  # type: ignore[arg-type]
    "values that exclude each other": (
        lambda: Rerank(k1=3, k2=5),
        "retrieval.rerank.k2=5 must be 4 or less: as many neighbours are known with "
        "retrieval.rerank.k1=3.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_argument_that_is_not_as_its_annotation_says_is_named(case: str) -> None:
    call, message = REFUSED[case]
    CALLS.clear()
    with pytest.raises(ReIDError) as error:
        call()
    assert str(error.value) == message
    assert not CALLS, "nothing has happened"


def test_what_stands_for_a_plain_value_passes() -> None:
    numbers = np.int64(3), np.float32(0.25)
    assert function(*numbers, np.int8(1), on=True, shares=(0, np.float16(1))) == numbers
    assert function(1, file=Path("a/b"), numbers={"a": np.float64(2)}) == (1, 0.5)
    assert function(1, file="caf\udce9.jpg", shares=range(2)) == (1, 0.5)  # type: ignore[arg-type]


def test_what_no_yaml_can_hold_is_left_to_the_function() -> None:
    one = torch.tensor(1)
    assert function(one, network=torch.nn.Identity(), hook=abs)[0] is one  # type: ignore[arg-type]
    assert Base(1, other=Base(2)).other.margin == 2  # type: ignore[union-attr]


def test_wrong_names_and_too_few_are_pythons_own_errors() -> None:
    with pytest.raises(TypeError, match=r"function\(\) missing 1 required positional argument"):
        function()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        Base(1, nothing=2)  # type: ignore[call-arg]


def test_signature_annotations_and_name_stay() -> None:
    assert list(inspect.signature(function).parameters)[:3] == ["count", "share", "rest"]
    assert get_type_hints(Base.__init__, include_extras=True)["margin"] == NonNegative
    assert arguments_of(Base).hints == {"margin": NonNegative, "other": Base | None}
    assert (function.__name__, function.__doc__) == ("function", "Of many arguments.")
    assert inspect.isclass(Base) and inspect.unwrap(function).__code__.co_filename == __file__


def test_copies_are_the_same() -> None:
    assert pickle.loads(pickle.dumps(function)) is function
    for made in (Point(0.5), Base(1), TripletLoss("hard", "soft", normalize=False)):
        for copied in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert type(copied) is type(made)
    assert pickle.loads(pickle.dumps(Point(0.5))) == Point(0.5)


def test_a_function_that_is_called_later_is_checked_by_what_it_was_made_with() -> None:
    check_call("scheduler", function, [1], {"on": True})
    with pytest.raises(ReIDError, match=r"scheduler\.on=1 must be true or false"):
        check_call("scheduler", function, [1], {"on": 1})
