"""A training on a set of several formats, of which some pictures cannot be read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


@pytest.fixture
def damaged(tiny_set: Path, tmp_path: Path) -> tuple[Path, list[Path]]:
    """A set of JPEGs and WebPs beside one another, and its pictures that cannot be read."""
    root, broken = shutil.copytree(tiny_set, tmp_path / "set"), []
    (root / "synthetic.json").unlink(missing_ok=True)
    for name in FOLDERS:
        first, second, *_ = sorted((root / name).glob("*.jpg"))
        Image.open(first).save(first.with_suffix(".webp"), lossless=True)
        first.unlink()
        second.write_bytes(second.read_bytes()[:200])
        broken.append(second)
    return root, broken


@pytest.mark.slow
def test_an_error_names_them_all_and_skip_trains_without_them(
    damaged: tuple[Path, list[Path]], tiny_overrides: list[str], script: Callable, tmp_path: Path
) -> None:
    root, broken = damaged
    own = ["data=market1501", "data.name=Mine", "data.expected=null", f"data.root={root}"]
    given = [o for o in tiny_overrides if not o.startswith(("data=", "data.root", "data.draw"))]
    given += [*own, "model.weights=none", f"data.cache={tmp_path}/cache"]
    for name, more in (("kept", []), ("decoded", ["data.cache_gib=0"])):
        failed = script(
            "train.py", *given, *more, f"hydra.run.dir={name}", cwd=tmp_path, check=False
        )
        output = failed.stdout + failed.stderr
        assert failed.returncode == 1 and "3 pictures cannot be read" in output
        assert all(f"\n{path} (" in output for path in broken) and "Traceback" not in output
    done = script(
        "train.py", *given, "data.on_unreadable=skip", "hydra.run.dir=skipped", cwd=tmp_path
    )
    output = done.stdout + done.stderr
    assert output.count("3 pictures cannot be read, and are left out of all scores") == 1
    assert all(f"\n{path} (" in output for path in broken)
    assert "test/mAP" in json.loads((tmp_path / "skipped" / "metrics.json").read_text())
