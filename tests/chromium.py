"""Headless Chromium, driven by its own protocol over a pipe, and what it asks and complains of."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
_SECONDS = 60


class Tab:
    """A page in the browser.

    `errors` are what it has written to the console as an error, and `requests` the addresses that
    it has asked for.
    """

    def __init__(self, read: int, write: int) -> None:
        self.read, self.write, self.numbers = read, write, itertools.count(1)
        self.buffer, self.session = b"", ""
        self.errors, self.requests = list[str](), list[str]()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for room in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{room}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        message = {"id": next(self.numbers), "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != message["id"]:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def run(self, script: str) -> Any:
        """What an expression of JavaScript gives."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + _SECONDS
        while not (value := self.run(script)):
            assert time.monotonic() < end, (script, self.run("document.body.innerText"))
            time.sleep(0.1)
        return value

    def show(self, address: str, width: int, height: int = 900) -> None:
        """Open a page in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        self.send("Page.navigate", url=address)

    def upload(self, selector: str, path: Path) -> None:
        """Choose a file in an input."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def screenshot(self, path: Path) -> None:
        """Save what is shown, down to the page's end."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            assert select([self.read], [], [], _SECONDS)[0], "Chromium says nothing"
            part = os.read(self.read, 2**20)
            assert part, "Chromium has ended"
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _note(self, event: dict[str, Any]) -> None:
        values = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(values["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if values["type"] == "error":
                self.errors.append(str([one.get("value") for one in values["args"]]))
            case "Log.entryAdded" if values["entry"]["level"] == "error":
                self.errors.append(f"{values['entry']['text']} {values['entry'].get('url')}")
            case "Network.requestWillBeSent":
                self.requests.append(values["request"]["url"])


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser with one tab, which ends with the block."""
    assert CHROMIUM is not None
    from_us, write = os.pipe()
    read, to_us = os.pipe()
    command = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    script = f'exec "$@" 3<&{from_us} 4>&{to_us}'  # the numbers that Chromium uses
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", *command],
        pass_fds=(from_us, to_us),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Tab(read, write)
    finally:
        process.kill()
        process.wait()
        os.close(read)
        os.close(write)
