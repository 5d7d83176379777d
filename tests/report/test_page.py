"""The report of runs made by hand: what it shows, and that it loads nothing else."""

import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from reid_lightning.report.__main__ import main
from reid_lightning.report.page import write_report
from tests.run_folders import MakeRun

EVIL = "<script>alert('x')</script>"


class Page(HTMLParser):
    """The elements, addresses and text of a page, in which every element must be closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "link", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sweep(make_run: MakeRun, tmp_path: Path) -> Path:
    for number, margin in enumerate(("0.1", "0.3")):
        for other, smoothing in enumerate(("0", "0.1")):
            config = {"loss": {"margin": float(margin), "label_smoothing": float(smoothing)}}
            make_run(
                f"sweep/{2 * number + other}",
                [f"loss.margin={margin}", f"loss.label_smoothing={smoothing}", "data=mine"],
                score=0.1 * (1 + number + other),
                config=config | {"name": EVIL},
            )
    return tmp_path / "sweep"


def test_the_page_of_a_sweep_loads_nothing_else(make_run: MakeRun, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    page = Page(write_report([sweep(make_run, tmp_path)], folder))
    assert page.tags.count("script") == 1, "its own"
    assert page.tags.count("details") == 4
    links = [a for a in page.addresses if not a.startswith("data:")]
    assert links == ["queries.html"]
    assert "http:" not in page.source and "https:" not in page.source
    assert "url(" not in page.source and "@import" not in page.source
    for text in ("step", "loss/margin", "revision 0123456789ab", "20 held-out"):
        assert text in page.text, text
    assert "name" not in page.text.split(), "a setting that all runs share is not listed"
    figures = {p.stem for p in folder.glob("*.svg")}
    assert figures == {
        *("scores", "curve_val_mAP", "curve_val_rank1", "curve_train_loss", "cmc", "heat_map"),
    }
    sections = {p.relative_to(folder).with_suffix("") for p in folder.rglob("*/*.svg")}
    margins = [(m, s) for m in ("0.1", "0.3") for s in ("0", "0.1")]
    runs = [f"run_{n}_margin={m}_label_smoothing={s}" for n, (m, s) in enumerate(margins)]
    assert sections == {Path(r, n) for r in runs for n in ("distances", "map", "cameras")}
    for picture in folder.rglob("*.svg"):
        assert picture.read_text().startswith("<?xml") and picture.with_suffix(".png").is_file()
        with Image.open(picture.with_suffix(".png")) as image:
            assert min(image.size) > 400, "sharp in print"
    lists = {p.name for p in (folder / runs[0]).glob("*.png")} - {f"{n.name}.png" for n in sections}
    assert lists == {"best_1.png", "worst_1.png"}
    assert {p.name for p in folder.glob("*.csv")} == {"scores.csv", "settings.csv"}
    assert len(page.source) < 5 * 2**20, "of four runs: 10 MB is too much of two"


def test_the_same_runs_make_the_same_page(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("one", ["x=one"])
    pages = [write_report([run], tmp_path / name).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_names_are_text_and_not_markup(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a", [f"loss.note={EVIL}"], config={"note": EVIL}), make_run("b", ["x=one"])]
    page = Page(write_report(runs, tmp_path / "report"))
    queries = Page(tmp_path / "report" / "queries.html")
    assert page.tags.count("script") == 1 and EVIL in page.text and EVIL not in page.source
    assert queries.tags.count("script") == 2 and EVIL not in queries.source


def test_a_single_run_is_shown_with_its_settings(make_run: MakeRun, tmp_path: Path) -> None:
    page = Page(write_report([make_run("alone", ["loss=hard"])], tmp_path / "report"))
    assert "Settings" in page.text and "scores of all runs" not in page.source
    assert page.tags.index("summary") < page.tags.index("h2", page.tags.index("summary"))
    assert page.text.strip().startswith("alone") and "1 run of" in page.text


def test_the_page_says_what_is_missing_and_shows_the_rest(
    make_run: MakeRun, tmp_path: Path
) -> None:
    runs = [
        make_run("a", ["x=one"]),
        make_run("b", ["x=two"]),
        make_run("c", ["x=three"], score=None),
    ]
    (tmp_path / "<b>.jpg").unlink()
    (runs[1] / "findings.pt").unlink()
    page = Page(write_report(runs, tmp_path / "report"))
    assert "Ranked lists cannot be shown without the data set's pictures" in page.text
    assert "This run has no findings.pt" in page.text and "three: unfinished" in page.text
    assert page.source.count("map of embeddings") == 1


def test_a_page_of_unfinished_runs_alone_is_written(make_run: MakeRun, tmp_path: Path) -> None:
    page = Page(write_report([make_run("a", [], score=None)], tmp_path / "report"))
    assert "unfinished" in page.text and "learning curves" in page.source
    assert not (tmp_path / "report" / "queries.html").exists()


def report(monkeypatch: pytest.MonkeyPatch, cwd: Path, *arguments: str) -> None:
    """Run `python -m reid_lightning.report` in this process."""
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sys, "argv", ["report", *arguments])
    main()


def test_the_command_prints_the_path_of_the_report(
    make_run: MakeRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_run("one", ["x=one"])
    report(monkeypatch, tmp_path, "one")
    report(monkeypatch, tmp_path, "one", "--out", "two")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["The report: one/report/report.html", "The report: two/report.html"]
    assert all((tmp_path / line.removeprefix("The report: ")).is_file() for line in lines)


@pytest.mark.parametrize("several", [False, True])
def test_a_wrong_folder_is_one_sentence(
    several: bool, make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    runs = [str(make_run("one", ["x=one"]))] if several else []
    with pytest.raises(SystemExit) as exit_info:
        report(monkeypatch, tmp_path, *runs, "empty")
    assert str(exit_info.value).startswith("Error: There is no run in empty")
    assert not (tmp_path / "report").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    run = str(make_run("one", ["x=one"]))
    with pytest.raises(SystemExit, match="Error: the report cannot be written to file/report"):
        report(monkeypatch, tmp_path, run, "--out", "file/report")
