"""Run folders like those of train.py, made by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.metrics.summary import SCORES
from reid_lightning.results.camera_pairs import write_camera_pairs
from reid_lightning.results.findings import Findings, write_findings
from reid_lightning.results.ranked_list import RankedList, Shown
from reid_lightning.results.retrieved import write_retrieved
from reid_lightning.results.status import write_status
from reid_lightning.scoring.camera_pairs import CameraPair
from reid_lightning.scoring.first_results import FirstResults

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes a run's folder with the files that train.py writes, without training."""

    def make(
        folder: str,
        overrides: list[str],
        *,
        score: float | None = 0.5,
        config: dict | None = None,
        failure: str | None = None,
        **results: object,
    ) -> Path:
        run = tmp_path / folder
        (run / ".hydra").mkdir(parents=True)
        (run / ".hydra" / "overrides.yaml").write_text(yaml.dump(overrides))
        (run / ".hydra" / "config.yaml").write_text(yaml.dump(config or {"seed": 0}))
        write_state(run, score is not None, failure)
        (run / "metrics.csv").write_text(
            "epoch,step,train/loss,val/mAP,val/rank1\n0,9,3.5,,\n0,9,,0.2,0.25\n1,19,2.5,0.3,0.35\n"
        )
        if score is not None:
            content = {f"test/{name}": score for name in SCORES} | {"val/mAP": score / 2}
            content |= {"ap": "step", "data": "mine", "validated_on": "20 held-out", "seed": 0}
            content |= {"seconds": 90, "git_revision": "0123456789abcdef"} | results
            (run / "metrics.json").write_text(json.dumps(content))
            (run / "per_query.csv").write_text(
                "query,pid,camera,matches,first_match,AP,INP\n"
                f"a.jpg,1,1,2,1,{score},1.0\nb.jpg,2,1,0,,,\n"
            )
            write_first_results(run, tmp_path)
            write_findings(run / "findings.pt", findings(tmp_path))
        return run

    return make


def write_first_results(run: Path, folder: Path) -> None:
    """Write the retrieved.parquet and camera_pairs.csv of two queries and two gallery pictures."""
    query = tuple(Sample(folder / name, pid, 0) for name, pid in (("a.jpg", 1), ("b.jpg", 2)))
    gallery = (Sample(folder / "<b>.jpg", 1, 1), Sample(folder / "<b>.jpg", 3, 2))
    for sample in query:
        Image.new("RGB", (32, 64), "blue").save(sample.path)
    first = FirstResults(
        gallery=torch.tensor([[1, 0], [1, -1]]),
        hit=torch.tensor([[False, True], [False, False]]),
        distance=torch.tensor([[0.25, 0.5], [0.75, torch.nan]]),
    )
    scored = Splits((), query, gallery)
    write_retrieved(run / "retrieved.parquet", first, scored)
    write_camera_pairs(run / "camera_pairs.csv", [CameraPair(0, 1, 1, 0.5, 0.0)], scored)


def write_state(folder: Path, finished: bool, failure: str | None) -> None:
    """Write the status.json of a run."""
    if failure is not None:
        write_status(folder, "failed", message=failure)
    else:
        write_status(folder, "finished" if finished else "running")


def write_job(
    folder: Path, overrides: list[str], results: dict | None, failure: str | None = None
) -> None:
    """Write the files of a job that say how it was started and how it ended."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {o}\n" for o in overrides))
    write_state(folder, results is not None, failure)
    if results is not None:
        (folder / "metrics.json").write_text(json.dumps(results))


def findings(folder: Path) -> Findings:
    """Findings of 24 pictures of three people by two cameras, and a list of each kind."""
    for name in ("query.jpg", "<b>.jpg"):
        Image.new("RGB", (32, 64), "red").save(folder / name, "JPEG")
    pictures = [
        Shown(Picture(folder / "<b>.jpg"), verdict, "1") for verdict in ("hit", "miss", "junk")
    ]
    ranked = RankedList(Picture(folder / "query.jpg"), pictures, "Person 1 & co", "query · cam 1")
    generator = torch.Generator().manual_seed(0)
    pids = torch.arange(24) % 3 + 1
    return Findings(
        worst=[ranked],
        best=[ranked],
        positive=torch.rand(50, generator=generator),
        negative=torch.rand(90, generator=generator) + 0.5,
        embeddings=torch.eye(3)[pids - 1] + torch.rand(24, 3, generator=generator) / 4,
        pids=pids,
        camids=torch.arange(24) // 12,
    )
