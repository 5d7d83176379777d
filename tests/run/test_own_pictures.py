"""Pictures of one's own, in the layouts in which people have them: trained, validated, scored."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.sample import Sample
from reid_lightning.report.__main__ import main as report
from reid_lightning.results.findings import read_findings

Run = Callable[..., CompletedProcess[str]]
FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}


@pytest.fixture(scope="module")
def samples(tiny_set: Path) -> dict[str, list[Sample]]:
    return {
        split: [parse_name(path) for path in sorted((tiny_set / folder).iterdir())]
        for split, folder in FOLDERS.items()
    }


@pytest.fixture(scope="module")
def sizes(tiny_overrides: list[str]) -> list[str]:
    """What makes a training short, of whatever set."""
    ours = ("data.p", "data.height", "data.width", "data.workers")
    kept = [o for o in tiny_overrides if not o.startswith("data") or o.startswith(ours)]
    return [*kept, "model.weights=none"]


@pytest.fixture(scope="module")
def trained(script: Run, sizes: list[str], tmp_path_factory: pytest.TempPathFactory) -> Callable:
    def train(*overrides: str) -> tuple[Path, dict, str]:
        cwd = tmp_path_factory.mktemp("own")
        done = script("train.py", *sizes, *overrides, "hydra.run.dir=run", cwd=cwd)
        results = json.loads((cwd / "run" / "metrics.json").read_text())
        assert 0 < results["test/mAP"] <= 1 and 0 < results["val/mAP"] <= 1
        return cwd / "run", results, done.stdout + done.stderr

    return train


@pytest.fixture(scope="module")
def by_person(samples: dict[str, list[Sample]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder a person; strangers are people of one picture."""
    root = tmp_path_factory.mktemp("folders")
    for split, pictures in samples.items():
        for n, s in enumerate(pictures):
            if s.pid >= 0:
                folder = root / split / (f"person {s.pid}" if s.pid else f"stranger {n}")
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(s.path, folder / f"{n}.jpg")
    return root


@pytest.fixture(scope="module")
def of_folders(by_person: Path, trained: Callable) -> tuple[Path, dict, str]:
    return trained("data=folders", f"data.root='{by_person}'", "data.val_identities=4")


def test_folders_of_people_train_and_are_scored(
    of_folders: tuple[Path, dict, str], samples: dict[str, list[Sample]]
) -> None:
    folder, results, printed = of_folders
    assert results["data"] == "folders (no cameras)" and results["cameras"] == "no cameras"
    assert results["validated_on"] == "4 held-out training identities"
    assert results["test/queries"] == len(samples["query"]) and results["test/left_out"] == 0
    (head,) = [line for line in printed.splitlines() if line.startswith("official split of")]
    assert "mAP (step)" in head and "folders (no cameras)  " in printed
    with (folder / "per_query.csv").open() as file:
        rows = list(csv.DictReader(file))
    gallery = [s.pid for s in samples["gallery"]]
    assert all(row["camera"] == "" for row in rows)
    matches = sorted(int(row["matches"]) for row in rows)
    assert matches == sorted(gallery.count(s.pid) for s in samples["query"])


def test_ranked_lists_name_no_camera(of_folders: tuple[Path, dict, str]) -> None:
    found = read_findings(of_folders[0] / "findings.pt")
    lists = [*found.worst, *found.best]
    assert lists and all(x.label == "query" for x in lists)
    assert all("cam" not in shown.label for x in lists for shown in x.gallery)
    assert set(found.camids.tolist()) == {0}


def test_the_report_says_that_there_are_no_cameras(
    of_folders: tuple[Path, dict, str], tmp_path: Path
) -> None:
    report([str(of_folders[0]), "--out", str(tmp_path)])
    assert "folders (no cameras)" in (tmp_path / "report.html").read_text()


def test_without_cameras_pictures_are_reranked_and_cameras_refused(
    of_folders: tuple[Path, dict, str], by_person: Path, script: Run, tmp_path: Path
) -> None:
    own = [
        f"checkpoint={of_folders[0] / 'checkpoints' / 'best.ckpt'}", "data=folders",
        f"data.root='{by_person}'", "data.workers=0", "trainer.accelerator=cpu",
    ]  # fmt: skip
    steps = "retrieval=[flip,database,expansion,rerank]"
    script("evaluate.py", *own, steps, "hydra.run.dir=e", cwd=tmp_path)
    results = json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert 0 < results["test/mAP"] <= 1 and results["cameras"] == "no cameras"
    for step in ("multi_query", "spatial_temporal"):
        given = [*own, f"retrieval=[{step}]", "data.clock=none", f"hydra.run.dir={step}"]
        done = script("evaluate.py", *given, cwd=tmp_path, check=False)
        assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
        said = f"retrieval=[{step}] needs to know which camera took a picture, and folders (no c"
        assert said in done.stdout + done.stderr


def test_omls_table_trains_and_is_scored(
    samples: dict[str, list[Sample]], trained: Callable, tmp_path: Path
) -> None:
    """Its queries are in the gallery, too."""
    with (tmp_path / "df.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "path", "split", "is_query", "is_gallery", "sequence"])
        for split, pictures in samples.items():
            for s in pictures:
                if s.pid > 0:
                    part = ["train", "", ""]
                    if split != "train":
                        part = ["validation", split == "query", True]
                    rows.writerow([s.pid, s.path, *part, f"camera {s.camid}"])
    _, results, _ = trained("data=table", f"data.table='{tmp_path / 'df.csv'}'")
    people = [s for s in (*samples["query"], *samples["gallery"]) if s.pid > 0]
    assert results["data"] == "table" and results["cameras"] == 6
    assert results["test/queries"] == len(samples["query"])
    assert results["test/gallery"] == len(people)


def test_veri776s_names_train_and_are_scored(
    samples: dict[str, list[Sample]], trained: Callable, tmp_path: Path
) -> None:
    for split, folder in zip(samples, ("image_train", "image_query", "image_test"), strict=True):
        (tmp_path / folder).mkdir()
        for n, s in enumerate(samples[split]):
            if s.pid > 0:
                name = f"{s.pid:04}_c{s.camid + 15:03}_{s.frame:08}_{n}.jpg"
                shutil.copyfile(s.path, tmp_path / folder / name)
    size = ("data.height=64", "data.width=64")
    _, results, _ = trained("data=veri776", f"data.root='{tmp_path}'", *size)
    assert results["data"] == "veri776" and results["cameras"] == 6
    assert results["test/gallery"] == sum(s.pid > 0 for s in samples["gallery"])
