"""A file of a run that cannot be read is said on the report's page, and loses nothing else."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.figures.embedding_map import embedding_map
from reid_lightning.report.page import write_report
from reid_lightning.report.picture import save_list
from reid_lightning.results.findings import read_findings
from reid_lightning.results.run_card import run_card
from reid_lightning.results.runs import read_runs
from reid_lightning.results.sweep_summary import sweep_rows, sweep_table, write_summary
from tests.run_folders import MakeRun, findings

OVERRIDES = ".hydra/overrides.yaml"
FILES = (
    "metrics.json",
    "metrics.csv",
    "per_query.csv",
    "status.json",
    "findings.pt",
    "retrieved.parquet",
    "camera_pairs.csv",
    ".hydra/config.yaml",
    OVERRIDES,
)
ALIASES = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": Path.touch,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "not in UTF-8": lambda path: path.write_bytes(b"\xff\xfe\x00a"),
    "a number": lambda path: path.write_text("7\n8,9\n"),
    "deeply nested": lambda path: path.write_text("[" * 100_000),
    "YAML aliases": lambda path: path.write_text(ALIASES),
    "huge": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 2**40),
    "a web page": lambda path: path.write_text("<!DOCTYPE html>\n<p>,\n,"),
    "an LFS pointer": lambda path: path.write_text("version https://git-lfs/\noid 1,2\n"),
}
# An empty list of overrides, or no rows yet, is no damage.
SOUND = {("metrics.csv", "empty"), ("metrics.csv", "deeply nested"), (OVERRIDES, "empty")}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_read_is_a_problem_of_its_run(
    name: str, kind: str, make_run: MakeRun, tmp_path: Path
) -> None:
    folders = [make_run(f"sweep/{i}", [f"x={i}", "y=1"]) for i in range(2)]
    (folders[0] / name).unlink()
    BROKEN[kind](folders[0] / name)
    broken, whole = read_runs([tmp_path / "sweep"])
    assert whole.problems == [] and whole.findings is not None and whole.first_match is not None
    if (name, kind) not in SOUND:
        (problem,) = broken.problems
        assert problem.startswith(f"{folders[0] / name} ")
    rows = write_summary(tmp_path / "sweep")
    assert len(rows) == 2 and rows[0]["test/mAP"] == 0.5 and sweep_table(rows)
    if name in ("metrics.json", "status.json"):
        assert rows[1]["test/mAP"] is None and broken.results == {}
        assert rows[1]["status"].startswith(f"cannot be read: {folders[0] / name}")


def test_the_page_of_a_sweep_of_broken_runs_is_written(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_map = "reid_lightning.report.run_section.embedding_map"
    monkeypatch.setattr(slow_map, lambda findings: distance_plot(findings))
    for name in FILES:
        run = make_run(f"sweep/{name.replace('/', '')}", [f"x={name}", "y=1"])
        (run / name).unlink()
        os.mkfifo(run / name)
    make_run("sweep/whole", ["x=whole", "y=1"])
    page = text_of(write_report([tmp_path / "sweep"], tmp_path / "report"))
    for name in FILES:
        assert f"/{name} is damaged, or" in page or f"/{name} cannot be read as" in page, name
    assert page.count("What could not be read") == 1 and page.count("map of embeddings") == 7
    assert "finished, but its results cannot be read" in page and "state is not known" in page


def text_of(page: Path) -> str:
    return page.read_text().replace("&#39;", "'")


WRONG: dict[str, Any] = {
    "NaN": {"test/mAP": float("nan")},
    "infinity": {"test/rank1": float("inf")},
    "more than all": {"test/mAP": 61.5},
    "negative": {"val/mAP": -0.5},
    "text for a number": {"test/mAP": "high"},
    "a list": {"test/mAP": [0.5]},
    "yes": {"test/mAP": True},
    "null": {"test/mAP": None},
    "a group": {"test": {"mAP": 0.5}},
    "a list of sets": {"data": ["a", "b"]},
    "text for seconds": {"seconds": "long"},
    "a number for a text": {"validated_on": 7},
    "many digits": {"test/queries": 10**400},
    "text for a cost": {"parameters": "few"},
    "a cost of no number": {"gmacs": float("nan")},
    "a cost without end": {"images_per_second": 1e300},
    "a negative cost": {"embedding_size": -1},
}


@pytest.mark.parametrize("kind", WRONG)
def test_results_that_are_no_scores_are_not_shown(
    kind: str, make_run: MakeRun, tmp_path: Path
) -> None:
    path = make_run("sweep/0", ["x=1"]) / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | WRONG[kind]))
    (run,) = read_runs([tmp_path / "sweep"])
    assert run.results == {} and run.status == "finished, but its results cannot be read"
    assert len(run.problems) == 1 and run.problems[0].startswith(f"{path} ")
    assert [row["test/mAP"] for row in sweep_rows(tmp_path / "sweep")] == [None]


LINES = {
    "metrics.csv": ["epoch,step,val/mAP\n0,1,high\n", "epoch,step\n1,2,3\n", "epoch\n\0\n"],
    "per_query.csv": ["a,b\n1,2\n", "first_match\n-1\n", "first_match\n" + "9" * 99, "first_match"],
    ".hydra/config.yaml": ["[a]", "text", "!!timestamp x", "x: 0x" + "f" * 9999, "{a: {a: " * 60],
    ".hydra/overrides.yaml": ["a: b", "- [a]", "- 1", "text", "!!python/name:os.system ''"],
    "status.json": [
        '{"state": ["finished"]}',
        '{"state": "finished"}',
        '{"state": "running", "process": -1, "host": "x"}',
        '{"state": "running", "process": "7", "host": "x"}',
    ],
}


@pytest.mark.parametrize(("name", "content"), [(n, c) for n, cs in LINES.items() for c in cs])
def test_content_of_another_kind_is_said(name: str, content: str, make_run: MakeRun) -> None:
    run = make_run("run", ["x=1"])
    (run / name).write_text(content)
    (problem,) = read_runs([run])[0].problems
    assert problem.startswith(f"{run / name} ")


EMPTY_SECTION: dict[str, Any] = {
    **{"name": "", "color": "", "scores": "", "has_cameras": False},
    **{"plots": [], "lists": [], "notes": []},
}


def test_odd_text_is_shown_as_text(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Formulas of matplotlib's, control characters, and halves of characters."""
    odd = ["x=$\\frac{$", "y=a\x07\ud800b", "_z=$$"]
    monkeypatch.setattr("reid_lightning.report.page.run_section", lambda *_: EMPTY_SECTION)
    for number in range(4):
        job = [f"$a$b$={number % 2}", f"c_{{={number // 2}", *odd]
        run = make_run(f"sweep/{number}", [], validated_on="$\\x$", ap="\ud800", retrieval="$x_$")
        (run / ".hydra" / "overrides.yaml").write_text(json.dumps(job))
    write_report([tmp_path / "sweep"], tmp_path / "report")
    assert (tmp_path / "report" / "heat_map.png").is_file()


TENSOR = torch.zeros(24, 3)
SPOILT: dict[str, dict[str, Any]] = {
    "a list for a tensor": {"positive": [0.5]},
    "NaN": {"negative": torch.tensor([float("nan")])},
    "no floats": {"positive": torch.ones(3, dtype=torch.int64)},
    "another shape": {"embeddings": torch.ones(24)},
    "another length": {"pids": torch.ones(23, dtype=torch.int64)},
    "sparse": {"embeddings": TENSOR.to_sparse()},
    "complex": {"embeddings": TENSOR.to(torch.complex64)},
    "half a pid": {"pids": torch.full((24,), 0.5)},
    "no lists": {"worst": 7},
    "a list too short": {"best": [("a.jpg",)]},
    "another verdict": {"best": [("a.jpg", [("a.jpg", "maybe", "1")], "t", "q")]},
    "a path that is none": {"best": [(7, [], "t", "q")]},
    "a title of lines": {"best": [("a.jpg", [], "t\nt", "q")]},
    "a title of no end": {"best": [("a.jpg", [], "t" * 9999, "q")]},
    "a list of no end": {"best": [("a.jpg", [("a.jpg", "hit", "1")] * 10**5, "t", "q")]},
}


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_findings_are_left_out(kind: str, make_run: MakeRun) -> None:
    run = make_run("run", ["x=1"])
    content = torch.load(run / "findings.pt", weights_only=True)
    torch.save(content | SPOILT[kind], run / "findings.pt")
    (read,) = read_runs([run])
    assert read.findings is None and read.first_match is not None
    assert read.problems[0].startswith(f"{run / 'findings.pt'} cannot be shown")


def test_embeddings_of_one_number_have_no_map(make_run: MakeRun) -> None:
    run = make_run("run", ["x=1"])
    content = torch.load(run / "findings.pt", weights_only=True)
    torch.save(content | {"embeddings": content["embeddings"][:, :1]}, run / "findings.pt")
    read = read_findings(run / "findings.pt")
    assert embedding_map(read) is None and distance_plot(read) is not None


@pytest.mark.parametrize("kind", ["a pipe", "PostScript"])
def test_a_ranked_list_opens_pictures_alone(kind: str, tmp_path: Path) -> None:
    ranked = findings(tmp_path).worst[0]
    path = ranked.query.path
    path.unlink()
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    with pytest.raises(ReIDError, match=f"The picture {path} cannot be read"):
        save_list(ranked, tmp_path / "list.png")


@pytest.mark.parametrize("content", ["", "[]", "hydra: 7", "hydra: {overrides: []}", ALIASES])
def test_a_damaged_card_is_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "hydra.yaml").write_text(content)
    with pytest.raises(ReIDError, match=r"hydra\.yaml is damaged"):
        run_card(tmp_path)
