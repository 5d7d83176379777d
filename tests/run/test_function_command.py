"""key=value as a function's signature reads it, and what is wrong with it in a sentence."""

from pathlib import Path
from typing import Literal, TypedDict

import pytest
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.run.function_command import read_arguments, run_function
from reid_lightning.signatures import Count, FilePath, Size, Text


class Source(TypedDict, total=False):
    """The source.

    Args:
        options: some.
    """

    options: list[str]
    size: tuple[Size, Size] | None


def example(
    *,
    pictures: FilePath | list[FilePath],
    out: FilePath | None = None,
    k: Count = 1,
    flip: bool = False,
    kind: Literal["exact", "faiss"] = "exact",
    retrieval: list[Text] = [],  # noqa: B006
    **source: Unpack[Source],
) -> str:
    """Do something.

    Args:
        pictures: of these.

    Returns:
        Nothing that a user of the command sees.
    """
    return f"{pictures} {k}"


READ = {
    "pictures=a b,c": {"pictures": "a b,c"},
    "pictures=12": {"pictures": "12"},
    "pictures=a=b.jpg": {"pictures": "a=b.jpg"},
    "pictures=[a b, c]": {"pictures": ["a b", "c"]},
    "pictures=[~/a,b]": {"pictures": ["HOME/a", "b"]},
    "pictures=~/a": {"pictures": "HOME/a"},
    "out=null": {"out": None},
    "k=3": {"k": 3},
    "flip=true": {"flip": True},
    "kind=faiss": {"kind": "faiss"},
    "retrieval=[flip,rerank]": {"retrieval": ["flip", "rerank"]},
    "size=[256,128]": {"size": [256, 128]},
    "retrieval.rerank.k1=10": {"options": ["retrieval.rerank.k1=10"]},
}


@pytest.mark.parametrize("typed", READ)
def test_values_are_read_as_annotated(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "HOME")
    more = [] if "pictures" in typed else ["pictures=x"]
    read = read_arguments("example", example, [typed, *more])
    assert read == {"pictures": "x"} | READ[typed]


WRONG = {
    "k=0": "k=0 must be an integer of 1 or more",
    "k=many": "k=many must be an integer",
    "flip=perhaps": "flip=perhaps must be true or false",
    "kind=fast": "kind=fast must be exact or faiss",
    "retrieval=flip": "retrieval=flip must be a list",
    "retrieval=[": "retrieval=\\[ must be a list",
    "size=[1]": "size=\\[1\\] must be",
    "pictuers=a": "reid example has no key pictuers: did you mean pictures",
    "word": "reid example takes KEY=VALUE, and word has no key",
    "pictures=a": "pictures is given twice",
}


@pytest.mark.parametrize("typed", WRONG)
def test_what_cannot_be_meant_is_said(typed: str) -> None:
    with pytest.raises(ReIDError, match=WRONG[typed]):
        read_arguments("example", example, ["pictures=x", typed])


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ReIDError, match="reid example needs pictures=…"):
        read_arguments("example", example, [])


def test_values_without_a_key_are_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=1").mkdir()
    Path("a=1/b.jpg").touch()
    read = read_arguments("example", example, ["a=1/b.jpg", "b.jpg"], ["pictures", "out"])
    assert read == {"pictures": "a=1/b.jpg", "out": "b.jpg"}
    with pytest.raises(ReIDError, match=r"c\.jpg has no key"):
        read_arguments("example", example, ["a.jpg", "b.jpg", "c.jpg"], ["pictures", "out"])


def test_a_command_shows_its_result_or_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    run_function("example", example, ["pictures=a", "k=2"], print)
    assert capsys.readouterr().out == "a 2\n"
    run_function("example", example, ["--help"], print)
    shown = capsys.readouterr().out
    assert "pictures: of these." in shown and "options: some." in shown
    assert "Returns" not in shown
    with pytest.raises(SystemExit) as stopped:
        run_function("example", example, ["k=2"], print)
    assert stopped.value.code == 1
