import gc
import logging
import lzma
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is loaded
import torch
from noise_pictures import pictures as pictures
from run_folders import make_run as make_run
from scored_runs import make_scored as make_scored
from warm_start import Script, warm_context

from reid_lightning.data.clock import with_times
from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Splits
from reid_lightning.data.synthetic import draw_synthetic

ROOT = Path(__file__).parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decoded pictures are kept for the tests alone, not in the user's own folder."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["REID_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def shared_cores() -> None:
    """Pytest's workers share the cores out; threads that wait for a core would only slow both."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = max(1, (os.cpu_count() or 1) // workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(share))
    torch.set_num_threads(share)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command that a test calls configures the log of this whole process."""
    root, before = logging.root, list(logging.root.handlers)
    level, disabled, raises = root.level, root.manager.disable, logging.raiseExceptions
    yield
    for handler in root.handlers[:]:
        if handler not in before and type(handler) in (logging.StreamHandler, logging.FileHandler):
            root.removeHandler(handler)
    root.setLevel(level)
    root.manager.disable, logging.raiseExceptions = disabled, raises


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine has no GPUs for, and give slow tests two hours."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(7200))
    there = torch.cuda.device_count()
    least = {"gpu": 1, "multi_gpu": 2}
    left_out = [i for i in items if any(least.get(m.name, 0) > there for m in i.iter_markers())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Runs collect garbage, which need not look through all that the tests import."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic set of 16 + 8 identities."""
    root = tmp_path_factory.mktemp("sets") / "synthetic"
    return draw_synthetic(root, train_identities=16, test_identities=8)


@pytest.fixture(scope="session")
def market1501() -> Splits:
    """The real set, by its file names alone."""
    packed = Path(__file__).parent / "fixtures" / "market1501_names.txt.xz"
    paths = [Path(line) for line in lzma.decompress(packed.read_bytes()).decode().split()]
    folders = ("bounding_box_train", "query", "bounding_box_test")
    train, query, gallery = (
        tuple(parse_name(p) for p in paths if p.parts[0] == f) for f in folders
    )
    return with_roles(with_times(Splits(train, query, gallery)), distractor_pid=0)


@pytest.fixture(scope="session")
def tiny_overrides(tiny_set: Path) -> list[str]:
    """What makes a training short enough for a test."""
    return [
        "data=synthetic",
        f"data.root={tiny_set}",
        "data.draw.train_identities=16",
        "data.draw.test_identities=8",
        "data.p=8",
        "data.height=64",
        "data.width=32",
        "augmentation=standard",
        "data.workers=0",
        "model.width=0.35",
        "trainer.max_epochs=1",
        "trainer.accelerator=cpu",
    ]


@pytest.fixture(scope="session")
def start_script(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Script]:
    """Starts train.py or evaluate.py as a user would, in a process and a folder of its own."""
    context = warm_context()

    def start(name: str, *arguments: str, cwd: Path) -> Script:
        return Script(context, ROOT / name, arguments, cwd, tmp_path_factory.mktemp("output"))

    return start


@pytest.fixture(scope="session")
def script(start_script: Callable[..., Script]) -> Run:
    """Runs train.py or evaluate.py as a user would."""

    def run(
        name: str, *arguments: str, cwd: Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = start_script(name, *arguments, cwd=cwd).end()
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def trained_run(
    tmp_path_factory: pytest.TempPathFactory, script: Run, tiny_overrides: list[str]
) -> Path:
    """The folder of a short training with the default configuration, which no test changes."""
    cwd = tmp_path_factory.mktemp("trained")
    script("train.py", *tiny_overrides, "hydra.run.dir=run", cwd=cwd)
    return cwd / "run"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of torch's threads, for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
