"""The examples of docs/extending.md, as a reader copies them: trained, resumed, scored."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run
from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text()
SECTIONS = {title: text for title, text in re.findall(r"\n## (.*?)\n(.*?)(?=\n## |\Z)", PAGE, re.S)}
SMALL = ["data.height=64", "data.width=32", "trainer.accelerator=cpu"]
TRAIN = [*SMALL, "data.p=4", "trainer.max_epochs=1", "hydra.run.dir=outputs/RUN"]


@pytest.fixture
def project(tmp_path: Path, tiny_set: Path) -> Path:
    """A folder with every file of the page, and the pictures of its data set."""
    blocks = re.findall(r"\*\*`(.+?)`\*\*\n\n```\w+\n(.*?)```", PAGE, flags=re.S)
    assert len(blocks) == 10
    for name, text in blocks:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    cameras = ("door", "hall", "yard")
    splits = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
    for folder, split in splits.items():
        for picture in sorted((tiny_set / folder).glob("[0-9]*.jpg")):
            pid, camera, number, _ = picture.name.split("_")
            person = tmp_path / "people" / split / f"person {pid}"
            person.mkdir(parents=True, exist_ok=True)
            name = f"{cameras[int(camera[1]) % 3]}_{camera}{number}.jpg"
            Image.open(picture).save(person / name)
    return tmp_path


def typed(section: str) -> list[list[str]]:
    (block,) = re.findall(r"```console\n(.*?)```", SECTIONS[section], flags=re.S)
    return [shlex.split(line)[3:] for line in block.splitlines()]


def scores(run: Path) -> dict[str, float]:
    results: dict[str, float] = json.loads((run / "metrics.json").read_text())
    return results


def test_all_of_them_together(project: Path, script: Run) -> None:
    own = ["--config-dir", "my_conf", "data=my_people"]
    train = ["model=small_cnn", "loss=contrastive", "metric=[rank20]"]
    script("train.py", *own, *train, *TRAIN, cwd=project)
    run = project / "outputs" / "RUN"
    assert "val/rank20" in (run / "metrics.csv").read_text().splitlines()[0]
    first = scores(run)
    assert first["test/rank10"] <= first["test/rank20"] <= 1
    script("train.py", "resume=outputs/RUN", "trainer.max_epochs=2", cwd=project)
    assert scores(run)["epochs"] == 2
    evaluate = ["model=small_cnn", "metric=[rank20]", "hydra.run.dir=scored"]
    checkpoint = "checkpoint=outputs/RUN/checkpoints/best.ckpt"
    done = script("evaluate.py", *own, *evaluate, *SMALL, checkpoint, cwd=project)
    assert "rank20" in done.stdout
    plain = scores(project / "scored")
    assert plain["test/rank20"] == scores(run)["test/rank20"]
    whitened = ["retrieval=[whitening]", "hydra.run.dir=whitened"]
    script("evaluate.py", *own, *evaluate[:2], *whitened, *SMALL, checkpoint, cwd=project)
    white = scores(project / "whitened")
    assert white["retrieval"] == "whitening" and white["test/mAP"] != plain["test/mAP"]


@pytest.mark.slow
@pytest.mark.parametrize("section", [s for s in SECTIONS if "```console" in SECTIONS[s]])
def test_each_of_them_as_typed(
    section: str, project: Path, tiny_overrides: list[str], script: Run
) -> None:
    """Train (another run's checkpoint, where only scoring is shown), resume, evaluate."""
    tiny = [o for o in tiny_overrides if o.startswith(("data.root", "data.draw"))]
    commands = typed(section)
    if "checkpoint=" in " ".join(commands[0]):
        commands.insert(0, ["data=synthetic"])
    for command in commands:
        extra = tiny if "data=synthetic" in command else []
        if "resume=outputs/RUN" in command:
            script("train.py", "resume=outputs/RUN", "trainer.max_epochs=2", cwd=project)
        elif any(word.startswith("checkpoint=") for word in command):
            script("evaluate.py", *command, *extra, *SMALL, cwd=project)
        elif "-m" in command:
            sweep = [*command, *extra, *TRAIN[:-1]]
            script("train.py", *sweep, "hydra.sweep.dir=sweep", cwd=project)
            script("train.py", "-m", "resume_sweep=sweep", cwd=project)
        else:
            script("train.py", *command, *extra, *TRAIN, cwd=project)
    if section == "A loss":  # other processes find the user's modules, too
        options = [*SMALL, *tiny, "data.p=4", "trainer.max_epochs=1", "hydra.sweep.dir=joblib"]
        launch = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1"]
        run = ["-m", "loss=contrastive", "trainer.devices=2", *launch, *options]
        command = [sys.executable, str(ROOT / "train.py"), *commands[0], *run]
        subprocess.run(command, cwd=project, check=True)
    if not any("resume=outputs/RUN" in command for command in commands):
        script("train.py", "resume=outputs/RUN", "trainer.max_epochs=2", cwd=project)
    assert scores(project / "outputs" / "RUN")["epochs"] == 2
