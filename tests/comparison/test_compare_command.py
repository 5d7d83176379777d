"""`reid compare` as it is typed."""

import csv
import sys
from pathlib import Path

import pytest

from reid_lightning.comparison.__main__ import main, typed_sides
from reid_lightning.errors import ReIDError
from reid_lightning.run import command
from tests.scored_runs import ROWS_A, ROWS_B, MakeScored, sweep


def test_two_folders_are_compared(
    make_scored: MakeScored,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_scored("a", ROWS_A)
    make_scored("b", ROWS_B)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["reid", "compare", "a", "b"])
    command.main()
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) < 80
    for line in (
        "mAP (step)  58.3%  73.3%   +15.00  -5.00 … +25.00",
        "Rank-1      33.3%  66.7%   +33.33  +0.00 … +50.00",
        "mAP: these two checkpoints cannot be distinguished by these queries.",
        "Queries: 1 won by B, 1 lost, 1 tied. Those whose AP differs most, A → B:",
        "a.jpg           1  50.0% → 100.0%                  2 → 1",
    ):
        assert line in printed.splitlines(), printed
    assert not list(tmp_path.glob("*.csv")), "nothing is written that was not asked for"


def test_several_folders_a_side_and_a_file_of_all_queries(
    make_scored: MakeScored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(make_scored, {"a": [0, 1], "b": [0, 1]}, {"a": 0.0, "b": 0.1})
    a, b = ([str(tmp_path / side / seed) for seed in "01"] for side in "ab")
    out = tmp_path / "comparison.csv"
    main([*a, "with", *b, "--out", str(out)])
    assert f"Every query: {out}" in capsys.readouterr().out
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120 and list(rows[0])[:4] == ["query", "pid", "camera", "box"]
    assert {round(float(row["AP_b"]) - float(row["AP_a"]), 4) for row in rows} == {0.1005}
    with pytest.raises(SystemExit, match=r"comparison\.csv is there already: choose another --out"):
        main([*a, "with", *b, "--out", str(out)])


def test_names_from_files_of_others_do_not_steer_the_terminal(
    make_scored: MakeScored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, ap in (("a", 0.5), ("b", 1.0)):
        make_scored(side, [("\x1b[2J.jpg", "1", ap, 1), ("é.jpg", "2", 1.0, 1)])
    main([str(tmp_path / "a"), str(tmp_path / "b")])
    printed = capsys.readouterr().out
    assert "?[2J.jpg" in printed and "\x1b" not in printed


def test_the_word_between_the_sides() -> None:
    assert typed_sides(["a", "b"]) == (["a"], ["b"])
    assert typed_sides(["a", "b", "with", "c"]) == (["a", "b"], ["c"])
    assert typed_sides(["./with", "with", "c"]) == (["./with"], ["c"])
    for wrong in (["a"], ["a", "b", "c"], ["with", "a"], ["a", "with"], ["a", "with", "with", "b"]):
        with pytest.raises(ReIDError, match="Name a folder for each side"):
            typed_sides(wrong)


def test_an_error_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^Error: There is no run in "):
        main([str(tmp_path / "a"), str(tmp_path / "b")])
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0 and "95% interval" in " ".join(capsys.readouterr().out.split())
