from pathlib import Path

import pytest

from reid_lightning.report.confused import confused_pairs
from reid_lightning.report.rows import rows_of
from reid_lightning.report.run_section import run_section
from reid_lightning.report.two_rows import compare_rows
from reid_lightning.results.retrieved import Result, Retrieved
from reid_lightning.results.runs import Run, read_runs
from tests.run_folders import MakeRun

HEAD = "query,pid,camera,matches,first_match,AP,INP"


def result(person: str, hit: bool = False, role: str = "person") -> Result:
    return Result(f"{person}.jpg", person, "2", role, hit, 0.5, "")  # type: ignore[arg-type]


def run_with(make_run: MakeRun, rows: list[str], firsts: list[Result]) -> Run:
    folder = make_run("a", ["x=one"])
    (folder / "per_query.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    results = {number: [first, result("99")] for number, first in enumerate(firsts)}
    return read_runs([folder])[0]._replace(retrieved=Retrieved(Path("/q"), Path("/g"), results))


def test_pairs_are_counted_both_ways_with_the_worst_query_as_example(make_run: MakeRun) -> None:
    rows = ["a,1,1,2,3,0.4,0.4", "b,1,1,2,3,0.2,0.2", "c,2,1,2,3,0.6,0.6", "d,3,1,1,2,0.5,0.5"]
    rows += ["e,3,1,1,1,1.0,1.0", "f,4,1,0,,,", "g,1,1,2,2,0.5,0.5"]
    firsts = [result("2"), result("2"), result("1"), result("1"), result("3", hit=True)]
    firsts += [result("1"), result("", role="distractor")]
    run = run_with(make_run, rows, firsts)
    pairs = confused_pairs(run, most=5)
    assert [(p.people, p.queries, p.row, p.result.person) for p in pairs] == [
        (("1", "2"), 3, 1, "2"),
        (("1", "3"), 1, 3, "1"),
    ], "no pair of a hit, of a query without a match, or of a distractor"
    assert len(confused_pairs(run, most=1)) == 1


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reid_lightning.report.run_section.embedding_map", lambda _: None)  # slow


def test_a_run_that_wants_no_pictures_in_reports_gets_none(
    make_run: MakeRun, tmp_path: Path, no_map: None
) -> None:
    (row,) = rows_of(read_runs([make_run("a", ["x=one"])]))
    titles = [title for title, lists in run_section(row, tmp_path / "s")["lists"] if lists]
    kinds = [f"The {kind} queries by AP" for kind in ("worst", "best")]
    assert titles == [*kinds, "The most confused pairs of people"]
    run = row.runs[0]
    assert run.findings is not None
    without = run._replace(findings=run.findings._replace(worst=[], best=[]))
    section = run_section(row._replace(runs=[without]), tmp_path / "s")
    assert [title for title, lists in section["lists"] if lists] == []


def test_two_rows_are_compared_with_the_queries_that_moved(make_run: MakeRun) -> None:
    folders = [make_run(name, [f"x={name}"], score=s) for name, s in (("a", 0.5), ("b", 0.7))]
    part = compare_rows(rows_of(read_runs(folders)))
    assert part is not None and len(part["verdicts"]) == 2
    texts = [[cell.text for cell in row] for row in part["table"].rows]
    assert texts == [
        ["mAP", "50.0", "70.0", "+20.00", "–"],
        ["Rank-1", "100.0", "100.0", "+0.00", "–"],
    ]
    ((heading, (a, b)),) = part["moved"]
    assert heading == "Person 1, better in B: a.jpg"
    assert (a.title, b.title) == ("A: AP 50.0%", "B: AP 70.0%")
    assert [(p.file, p.verdict, p.label) for p in a.pictures] == [
        ("a.jpg", "query", "query · cam 1"),
        ("<b>.jpg", "miss", "1 · cam 3"),
        ("<b>.jpg", "hit", "2 · cam 2"),
    ]


def test_rows_of_other_tests_are_not_compared_and_it_is_said(make_run: MakeRun) -> None:
    folders = [make_run("a", ["x=one"]), make_run("b", ["x=two"], ap="trapezoid")]
    part = compare_rows(rows_of(read_runs(folders)))
    assert part is not None and part["verdicts"] == []
    assert part["notes"][0].startswith("They cannot be compared query by query: ")
    assert "average precision" in part["notes"][0]
    third = make_run("c", ["x=three"], score=0.3)
    assert compare_rows(rows_of(read_runs([*folders, third]))) is None


def test_pictures_that_are_gone_leave_the_numbers(make_run: MakeRun, tmp_path: Path) -> None:
    folders = [make_run(name, [f"x={name}"], score=s) for name, s in (("a", 0.5), ("b", 0.7))]
    (tmp_path / "a.jpg").unlink()
    part = compare_rows(rows_of(read_runs(folders)))
    assert part is not None and part["table"].rows and part["moved"] == []
    assert "The queries that moved cannot be shown: The picture" in part["notes"][-1]
