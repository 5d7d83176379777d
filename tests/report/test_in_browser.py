"""The pages as a browser shows them, wide and narrow: headless Chromium, where it is installed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reid_lightning.report.page import write_report
from tests.run_folders import MakeRun

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is found")
EVIL = (
    "<img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script>"
)
LONG = "a_very_long_name_without_any_place_to_break_it_" * 3

# What is wider than its place; folded parts are opened first.
OVERFLOW = """
for (const part of document.querySelectorAll("details")) part.open = true;
await later();
dispatchEvent(new Event("resize"));
await later();
const wide = [];
for (const one of document.querySelectorAll("body, body *")) {
  if (["SCRIPT", "DATALIST", "OPTION"].includes(one.tagName)) continue;
  const { right, width } = one.getBoundingClientRect();
  const inner = !["INPUT", "SELECT", "IMG", "BUTTON", "SPAN", "A"].includes(one.tagName);
  const cut = getComputedStyle(one).overflowX === "hidden"; // the frame of a picture
  const name = `${one.tagName}.${one.className}`;
  if (width > 0 && right > innerWidth + 1) wide.push(`${name} ends at ${right}`);
  if (inner && !cut && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
    wide.push(`${name} is ${one.scrollWidth} wide in ${one.clientWidth}`);
}
return { wide, width: innerWidth, title: document.title };
"""


def in_browser(page: Path, width: int, script: str) -> Any:
    """What the body of an async function `script` returns in the page, shown this wide.

    The page is shown in a frame, since a window has a least width of its own.
    """
    assert CHROMIUM is not None
    run = f"""<script>addEventListener("load", async () => {{
      const later = () => new Promise((done) => setTimeout(done, 300));
      await later();
      let answer;
      try {{ answer = await (async () => {{ {script} }})(); }}
      catch (error) {{ answer = String(error); }}
      parent.postMessage(JSON.stringify(answer), "*");
    }});</script></body>"""
    source = page.read_text()
    assert source.count("</body>") == 1
    copy = page.with_name(f"copy_{page.name}")
    copy.write_text(source.replace("</body>", run))
    frame = page.with_name("frame.html")
    frame.write_text(
        f'<body><iframe src="{copy.name}" style="width:{width}px;height:900px;border:0"></iframe>'
        '<script>addEventListener("message", (event) => {'
        " document.body.textContent = event.data; });</script>"
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000"]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [CHROMIUM, *flags, profile, f"--window-size={max(width, 600)},900", "--dump-dom"]
    answer = subprocess.run(
        [*command, frame.as_uri()], capture_output=True, text=True, timeout=200, check=True
    ).stdout
    text = answer.partition("<body>")[2].partition("</body>")[0]
    assert text.startswith(("{", "[")), answer[-2000:]
    return json.loads(text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


@pytest.fixture
def report(make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs with names and settings that do not break, or that are markup."""
    monkeypatch.setattr("reid_lightning.report.run_section.embedding_map", lambda _: None)  # slow
    folders = []
    for number, value in enumerate((LONG, EVIL, "three", "four", "five")):
        config = {"note": value, "loss": {"name": LONG, "margin": number}}
        results = {"retrieval": "flip+rerank" if number else "none", "data": f"set {number}"}
        folders.append(
            make_run(
                f"r{number}", [f"loss={value}"], score=0.1 * (number + 1), config=config, **results
            )
        )
    return write_report(folders, tmp_path / "report")


@pytest.mark.parametrize("width", [1400, 400])
def test_nothing_is_wider_than_the_page(width: int, report: Path) -> None:
    for page in (report, report.with_name("queries.html")):
        shown = in_browser(page, width, OVERFLOW)
        assert shown["width"] == width and shown["wide"] == []
        assert "owned" not in shown["title"].split(), "a name of a run is text"


def test_two_runs_are_compared_within_the_page(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_lightning.report.run_section.embedding_map", lambda _: None)  # slow
    runs = [make_run(name, [f"x={name}"], score=s) for name, s in (("a", 0.5), ("b", 0.7))]
    page = write_report(runs, tmp_path / "report")
    assert "better in B" in page.read_text() and "a or b?" in page.read_text()
    for width in (1400, 400):
        assert in_browser(page, width, OVERFLOW)["wide"] == []


def test_a_table_is_sorted_by_mouse_and_keys(report: Path) -> None:
    script = """
      const table = document.querySelector("table");
      const title = [...table.tHead.rows[0].cells].find((cell) => cell.textContent === "mAP");
      const shown = () =>
        [...table.tBodies[0].rows].map((row) => row.cells[title.cellIndex].textContent);
      const orders = [];
      title.querySelector("button").focus();
      const focused = document.activeElement.tagName;
      for (let click = 0; click < 2; click++) {
        document.activeElement.click();
        orders.push(shown(), title.getAttribute("aria-sort"));
      }
      return { orders, focused };
    """
    answer = in_browser(report, 1400, script)
    highest = ["50.0", "40.0", "30.0", "20.0", "10.0"]
    assert answer["focused"] == "BUTTON"
    assert answer["orders"] == [highest, "descending", highest[::-1], "ascending"]


def test_queries_are_filtered(report: Path, tmp_path: Path) -> None:
    (tmp_path / "b.jpg").unlink()
    script = """
      const element = (id) => document.getElementById(id);
      const all = (name) => [...document.querySelectorAll(name)];
      const set = (id, value, kind = "input") => {
        element(id).value = value;
        element(id).dispatchEvent(new Event(kind));
      };
      const heads = () => all("h4").map((head) => head.textContent);
      set("run", 4, "change");
      set("order", "file");
      const answer = { all: heads(), count: element("count").textContent.trim() };
      for (const row of all("section")) row.scrollIntoView();
      await later(); await later();
      answer.loaded = all("img").map((one) => [one.alt, one.loading, one.naturalWidth]);
      answer.titles = all("figure").map((figure) => figure.title);
      answer.missing = element("missing").hidden ? "" : element("missing").textContent;
      set("person", "1"); answer.person = heads();
      set("person", ""); set("from", "60"); answer.high = heads();
      set("from", "0"); set("camera", "1"); answer.camera = heads().length;
      return answer;
    """
    answer = in_browser(report.with_name("queries.html"), 1400, script)
    one = "Person 1 · AP 50.0% · 2 matches, the first at rank 1"
    two = "Person 2 · no match by another camera"
    assert answer["all"] == [one, two] and answer["count"] == "2 of 2 queries."
    assert answer["person"] == [one] and answer["high"] == [] and answer["camera"] == 2
    assert answer["titles"][:2] == ["a.jpg", "<b>.jpg, person 3, distance 0.25"]
    assert ["a.jpg", "lazy", 32] in answer["loaded"] and ["<b>.jpg", "lazy", 32] in answer["loaded"]
    assert "Some pictures are not where this run found them" in answer["missing"]
