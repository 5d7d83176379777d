"""The command `reid`, from a wheel and from nowhere near the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reid_lightning import __version__
from reid_lightning.run import command
from reid_lightning.run.typed_command import typed_command

ROOT = Path(__file__).parents[2]


def typed(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/reid", *arguments])
    command.main()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_has_a_line_for_each_command(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(*arguments, monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    for name in ("train", "evaluate", "report"):
        (line,) = [x for x in lines if x.startswith(f"  {name} ")]
        assert f"reid {name} " in line


def test_an_unknown_command_and_the_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="reid has no command trian: use one of train, evaluate"):
        typed("trian", monkeypatch=monkeypatch)
    typed("--version", monkeypatch=monkeypatch)
    assert capsys.readouterr().out == f"reid-lightning {__version__}\n"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (str(ROOT / "train.py"), "python train.py"),
        (str(ROOT / "evaluate.py"), "python train.py"),
        ("/of/the/user/train.py", "reid train"),
        ("reid", "reid train"),
    ],
)
def test_messages_name_the_command_as_it_was_typed(
    program: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    assert typed_command("train") == expected


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_wheel_trains_evaluates_and_reports(
    every: bool, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """Built from a copy, in which an earlier build has left a file that is no more."""
    source, wheels, installed, empty = (
        tmp_path / name for name in ("source", "wheels", "installed", "empty")
    )
    empty.mkdir()
    for name in ("conf", "reid_lightning"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    stale = source / "build" / "lib" / "reid_lightning" / "conf" / "loss" / "stale.yaml"
    stale.parent.mkdir(parents=True)
    stale.touch()
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", str(source)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", f"--target={installed}", str(wheel)], check=True)

    conf = installed / "reid_lightning" / "conf"
    files = [{p.relative_to(f) for p in f.rglob("*.yaml")} for f in (conf, ROOT / "conf")]
    assert files[0] == files[1]

    def reid(*arguments: str) -> str:
        done = subprocess.run(
            [str(installed / "bin" / "reid"), *arguments],
            cwd=empty,
            env=os.environ | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    reid("train", *tiny_overrides, "hydra.run.dir=run")
    hydra = (empty / "run" / ".hydra" / "hydra.yaml").read_text()
    assert f"path: {installed}/reid_lightning/conf" in hydra and str(ROOT) not in hydra
    assert f"The report: {Path('run/report/report.html')}" in reid("report", "run")
    if not every:
        return
    assert "pictures of each" in reid("train", "--help")
    reid("train", *tiny_overrides, "trainer.devices=2", "hydra.run.dir=two")
    data = [o for o in tiny_overrides if o.startswith("data") and "data.p=" not in o]
    best = "checkpoint=run/checkpoints/best.ckpt"
    reid("evaluate", best, *data, "trainer.accelerator=cpu", "trainer.devices=2")
