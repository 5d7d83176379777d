"""`reid serve`: its page as a browser shows it, and what it asks of other machines: nothing."""

import csv
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from chromium import CHROMIUM, Tab, browser
from processes import Family

from reid_lightning import ReIDError, load_model, search
from reid_lightning.inference.calibration_file import CALIBRATION_FILE
from reid_lightning.models import Embedder
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.run.serve import page_served, serve

pytest.importorskip("gradio")
NUMBERS = "[...document.querySelectorAll('.card .numbers b')].map((one) => one.innerText)"
NAMES = "[...document.querySelectorAll('.card img')].map((one) => one.alt)"


@pytest.fixture
def gallery(tiny_set: Path, tmp_path: Path) -> Path:
    """A table of pictures whose cameras and times are known."""
    with (tmp_path / "gallery.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "pid", "camid", "time"])
        for path in sorted((tiny_set / "bounding_box_test").glob("0*.jpg")):
            pid, place, frame, _ = path.stem.split("_")
            rows.writerow([path, pid, place[1], int(frame)])
    return tmp_path / "gallery.csv"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A model with a calibration by which everybody is found.

    Its embeddings differ by more than rounding, as those of one epoch do not.
    """
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    network = Embedder(OSNet(0.25), 3, embedding=16, reduction=FullyConnected)
    torch.save(network.state_dict(), folder / "osnet.pth")
    model: dict[str, Any] = {
        **{"model": "osnet", "weights": folder / "osnet.pth", "size": (64, 32), "device": "cpu"},
        "options": ["model.width=0.25", "model.embedding=16"],
    }
    content = {
        "model": load_model(**model).digest,
        **{"height": 64, "width": 32, "data": "drawn", "people": 50, "pictures": 300},
        **{"cameras": 3, "same_pairs": 700, "other_pairs": 40_000, "intercept": -4, "slope": 8},
        **{"false_match_1_percent": None, "false_match_0_1_percent": None, "absent_rate": 0.1},
        **{"absent_sizes": [1, 5000], "absent_similarities": [0.25, 0.25]},
    }
    (folder / CALIBRATION_FILE).write_text(json.dumps(content))
    return model | {"calibration": folder / CALIBRATION_FILE}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that this process connects to."""
    hosts, connect = list[str](), socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            hosts.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return hosts


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path / "profile") as one:
        yield one


def set_value(tab: Tab, selector: str, value: float) -> None:
    """As a user types it."""
    tab.run(f"""(() => {{ const one = document.querySelector("{selector}");
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(one, {value});
      for (const kind of ["input", "change", "blur"]) one.dispatchEvent(new Event(kind, {{ bubbles: true }}));
    }})()""")  # noqa: E501


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is found")
def test_a_colleague_searches(
    source: dict[str, Any], gallery: Path, tiny_set: Path, tmp_path: Path, free_port: int,
    asked: list[str], tab: Tab, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    kept = tmp_path / "kept"  # where temporary files are, to see that none is left
    kept.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    query = sorted((tiny_set / "query").glob("*.jpg"))[0]
    (tmp_path / "notes.txt").write_text("some words")
    with (tmp_path / "large.jpg").open("wb") as large:
        large.truncate(200 * 2**20)
    (expected,) = search(**source, gallery=gallery, query=query, k=12, out=None)
    similarities = [found.similarity for found in expected.found]
    # Where the largest step is, a threshold of three digits has its place.
    count = max(range(2, 11), key=lambda n: similarities[n - 1] - similarities[n])
    with page_served(**source, gallery=gallery, port=free_port, k=12) as address:
        tab.show(address, 1300)
        tab.wait_for(
            "!!document.querySelector('input[type=file]') && !!document.querySelector('.empty')"
        )
        tab.upload("input[type=file]", query)
        tab.wait_for("document.querySelectorAll('.card').length == 12")
        assert tab.run(NAMES) == [f.picture.picture.path.name for f in expected.found]
        assert tab.run(NUMBERS) == [f"{f.similarity:.3f}" for f in expected.found]
        said = tab.run("document.querySelector('.verdict').innerText")
        assert said.startswith("Probably in the gallery") and "above 0.250, which" in said
        assert [path for path in kept.rglob("*") if path.is_file() and path.stat().st_size] == []

        set_value(
            tab, "#least input[type=number]", round(sum(similarities[count - 1 : count + 1]) / 2, 3)
        )
        tab.wait_for(f"document.querySelectorAll('.card.below').length == {12 - count}")

        camera = expected.found[-1].picture.camid
        tab.run("document.querySelector('#cameras input').focus()")
        tab.wait_for("document.querySelectorAll('[role=option]').length > 1")
        tab.run(f"""[...document.querySelectorAll("[role=option]")].find((one) =>
          one.innerText.trim().endsWith("{camera}")).dispatchEvent(
          new MouseEvent("mousedown", {{ bubbles: true }}))""")
        tab.wait_for(f"""[...document.querySelectorAll(".known")].every((one) =>
          one.innerText.includes("camera {camera}"))""")
        assert tab.run("document.querySelectorAll('.card').length") == 12

        clicked = tab.run(f"({NAMES})[1]")
        tab.run("document.querySelectorAll('.card')[1].click()")
        tab.wait_for(f"document.querySelector('.verdict small').innerText.startsWith('{clicked}')")
        assert clicked not in tab.run(NAMES)

        set_value(tab, "#last input", 1)  # frame
        tab.wait_for("document.querySelector('.verdict').innerText.startsWith('Nothing to')")

        tab.upload("input[type=file]", tmp_path / "notes.txt")
        problem = "notes.txt cannot be read as a picture: cannot identify image file 'notes.txt'."
        tab.wait_for(f'document.querySelector(".problem")?.innerText.includes("{problem}")')
        assert tab.errors == []

        tab.upload("input[type=file]", tmp_path / "large.jpg")
        tab.wait_for("document.body.innerText.includes('exceed the maximum allowed size of 20')")

        tab.show(address, 400)
        tab.wait_for("!!document.querySelector('input[type=file]')")
        tab.upload("input[type=file]", query)
        tab.wait_for("document.querySelectorAll('.card').length == 12")
        assert tab.run("document.documentElement.scrollWidth") <= 400
    outside = [r for r in tab.requests if not r.startswith((address, "data:", "about:", "blob:"))]
    assert outside == [] and {*asked} <= {"127.0.0.1", "localhost", "::1"}
    assert [*kept.glob("reid-serve-*")] == []


@pytest.mark.slow
def test_it_stops_quietly(
    source: dict[str, Any], gallery: Path, tmp_path: Path, free_port: int
) -> None:
    script = "import sys; from reid_lightning.run.command import main; main()"
    named = {**source, "size": [64, 32], "gallery": gallery, "port": free_port}
    arguments = [*named.pop("options"), *(f"{key}={value}" for key, value in named.items())]
    (tmp_path / "temporary").mkdir()
    served = Family(
        *("-c", script, "serve", *arguments), cwd=tmp_path, TMPDIR=str(tmp_path / "temporary")
    )
    served.wait_for(lambda: "The page: http://127.0.0.1" in served.output())
    with pytest.raises(ReIDError, match=rf"Port {free_port} of 127\.0\.0\.1 is not free"):
        serve(**source, gallery=gallery, port=free_port)
    with pytest.raises(ConnectionRefusedError):  # other machines would ask this address
        socket.create_connection((_own_address(), free_port), 5)
    os.kill(served.first.pid, signal.SIGINT)
    assert served.end(20) == 130
    assert "Traceback" not in served.output() and served.output().endswith("(Ctrl-C ends it)\n")
    assert [*(tmp_path / "temporary").glob("reid-serve-*")] == []


def _own_address() -> str:
    """Any of this machine's, but the loopback's first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.2"
        address: str = one.getsockname()[0]
        return address


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"port": 0}, "port=0 must be"),
        ({"gallery": "none.csv"}, "none.csv"),
        ({"k": 0}, "k=0 must be"),
        ({"calibration": "none.json"}, r"none\.json"),
    ],
)
def test_bad_input_is_a_sentence(
    changes: dict[str, Any], message: str, source: dict[str, Any]
) -> None:
    with pytest.raises(ReIDError, match=message):
        serve(**source | {"gallery": "."} | changes)
