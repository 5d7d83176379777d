"""What the pages under docs/ show is what happens."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

import reid_lightning
from reid_lightning.comparison.__main__ import parser as comparison_parser
from reid_lightning.comparison.__main__ import typed_sides
from reid_lightning.report.__main__ import parser

DOCS = Path(__file__).parents[1] / "docs"


def test_the_examples_of_the_api_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after another, as a reader types them."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "api.md").read_text(), flags=re.S)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "mAP 100.0%, Rank-1 100.0%" in printed and "'rank1': 1.0" in printed
    assert (tmp_path / "people" / "query").is_dir() and len(blocks) == 5


def test_the_page_of_the_api_names_all_of_it() -> None:
    table = (DOCS / "api.md").read_text().partition("## ")[0]
    public = {name for name in reid_lightning.__all__ if not name.startswith("_")}
    assert set(re.findall(r"`(\w+)`", table.partition("| | |")[2])) == public


ROOT = DOCS.parent
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
# What a reader fills in, and stands for a value here.
PLACEHOLDERS = {"…": "x", "outputs/RUN": "x", "multirun/DATE": "x"}


def typed_commands() -> list[tuple[str, str]]:
    """Every `$ reid train …` and `$ reid evaluate …` of the pages, with its page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), flags=re.S):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, line[2:]) for line in lines if line.startswith("$ ")]
    return found


TYPED = typed_commands()
# What docs/extending.md shows is run by test_extending.py.
COMMANDS = [
    (page, command[command.index("reid ") :])
    for page, command in TYPED
    if page != "extending.md" and re.search(r"\breid (train|evaluate|data)\b", command)
]
COMPARISONS = [command for _, command in TYPED if command.startswith("reid compare")]
REPORTS = [command for _, command in TYPED if command.startswith("reid report")]


def test_every_command_is_one_that_is_tried_here() -> None:
    known = r"\breid (train|evaluate|data|report|compare|embed|search|verify|card|serve|export)\b"
    others = {c.split()[0] for _, c in TYPED if not re.search(known, c)}
    assert others <= {"pip", "kill", "make", "wandb", "tensorboard", "git"}


@pytest.mark.parametrize("line", REPORTS)
def test_every_report_is_one_that_is_understood(line: str) -> None:
    assert parser().parse_args(shlex.split(line, comments=True)[2:]).paths


@pytest.mark.parametrize("line", COMPARISONS)
def test_every_comparison_is_one_that_is_understood(line: str) -> None:
    typed = comparison_parser().parse_args(shlex.split(line, comments=True)[2:])
    assert all(typed_sides(typed.runs))


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_every_command_of_the_pages_composes(page: str, line: str) -> None:
    """With the first value of everything that is swept."""
    for shown, value in PLACEHOLDERS.items():
        line = line.replace(shown, value)
    _, name, *arguments = shlex.split(line, comments=True)
    if arguments in (["--help"], ["--cfg", "job"]):
        return
    overrides = []
    for override in OverridesParser.create().parse_overrides([a for a in arguments if a != "-m"]):
        key, value = override.input_line.split("=", 1)
        if override.is_sweep_override():
            value = next(iter(override.sweep_string_iterator()))
        if key != "resume_sweep":
            overrides.append(f"{key}={value}")
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose(name, overrides, return_hydra_config=True)
    assert OmegaConf.to_container(config.data, resolve=True)["name"]


def test_the_front_page_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 220


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_promise_names_tests_that_there_are() -> None:
    page = (DOCS / "reliability.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    for file, test in named:
        content = (DOCS.parent / file).read_text()
        assert f"def {test}(" in content if test else "def test_" in content, (file, test)
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(named) > 40 and sum("`tests/" in row for row in rows) == len(rows) - 6
