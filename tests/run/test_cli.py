"""The entry points as a user types them, each in a process and a folder of its own."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid_lightning.data.eval_batches import eval_batches

Run = Callable


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def check_run(folder: Path, processes: int = 1) -> dict:
    """What the design says a run leaves."""
    for name in (".hydra/config.yaml", "checkpoints/best.ckpt", "checkpoints/last.ckpt"):
        assert (folder / name).is_file(), name
    results = json.loads((folder / "metrics.json").read_text())
    for key in ("mAP", "rank1", "rank5", "rank10", "mINP"):
        assert 0 <= results[f"test/{key}"] <= 1
        assert any(row.get(f"val/{key}") for row in rows(folder)), key
    for key in ("loss", "loss_id", "loss_metric", "active", "dist_pos", "dist_neg", "lr"):
        assert any(row.get(f"train/{key}") for row in rows(folder)), key
    assert results["processes"] == processes and results["ap"] == "step" and results["seed"] == 0
    assert results["validated_on"] == "official query/gallery" and results["test/left_out"] == 0
    assert results["images_per_second"] > 0 and results["version/torch"]
    assert results["parameters"] > 100_000 and 0 < results["gmacs"] < 1
    assert results["embedding_size"] == 1280
    return results


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, script: Run, tiny_overrides: list[str]
) -> Path:
    cwd = tmp_path_factory.mktemp("cwd")
    done = script("train.py", *tiny_overrides, "hydra.run.dir=run", cwd=cwd)
    assert "Rank-1" in done.stdout and "mAP (step)" in done.stdout
    assert "epoch 1/1 · loss" in done.stdout, "a plain line an epoch where there is no terminal"
    assert "mAP (step) " in done.stdout and "Validated on: official query/gallery." in done.stdout
    return cwd / "run"


def test_a_run_leaves_what_the_design_says(trained: Path) -> None:
    check_run(trained)


def test_evaluate_repeats_the_score_at_the_checkpoints_own_size(
    trained: Path, script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    data = [
        o for o in tiny_overrides if o.startswith("data") and "height" not in o and "width" not in o
    ]
    # Another test's equal training may have left its embeddings in the shared cache.
    data = [o for o in data if not o.startswith("data.cache=")] + [f"data.cache={tmp_path}/cache"]
    checkpoint = f"checkpoint={trained}/checkpoints/best.ckpt"
    done = script("evaluate.py", checkpoint, *data, "hydra.run.dir=e", cwd=tmp_path)
    assert "in training, and is" not in done.stdout, "it is the same set"
    before, after = (
        json.loads((f / "metrics.json").read_text()) for f in (trained, tmp_path / "e")
    )
    assert after["test/mAP"] == pytest.approx(before["test/mAP"], abs=1e-9)
    assert after["test/rank1"] == before["test/rank1"]
    for cost in ("parameters", "gmacs", "embedding_size"):
        assert after[cost] == before[cost]
    assert after["images_per_second"] > 0
    script("evaluate.py", checkpoint, *data, "metric.ap=trapezoid", "hydra.run.dir=t", cwd=tmp_path)
    again = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert again["ap"] == "trapezoid" and again["images_per_second"] is None, "from the cache"


def test_checkpoints_hold_plain_values_and_tensors_alone(trained: Path) -> None:
    content = torch.load(trained / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["hyper_parameters"]["loss"]["margin"] == "soft"


@pytest.mark.slow
def test_a_sweep_of_two_jobs_of_two_processes(
    script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    sweep = ["loss=hard,semihard", "trainer.devices=2", "hydra.sweep.dir=sweep"]
    done = script("train.py", "-m", *tiny_overrides, *sweep, cwd=tmp_path)
    left = [".lock", "0", "1", "multirun.yaml", "status.json", "summary.csv"]
    assert sorted(p.name for p in (tmp_path / "sweep").iterdir()) == left
    for job, mining in ((0, "hard"), (1, "semihard")):
        folder = tmp_path / "sweep" / str(job)
        check_run(folder, processes=2)
        assert f"mining: {mining}" in (folder / ".hydra" / "config.yaml").read_text()
    assert done.stdout.count("epoch 1/1") == 2, "each job runs once"
    assert not (tmp_path / "outputs").exists(), "no rank writes elsewhere"


def test_freezing_the_backbone_keeps_it_as_it_was(
    script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """Two runs that differ in their learning rate alone: the head shows it, the backbone not."""
    states = []
    for rate in ("1e-3", "3e-3"):
        options = [
            "model.freeze_backbone_epochs=1",
            f"optimizer.lr={rate}",
            f"hydra.run.dir=run{rate}",
        ]
        script("train.py", *tiny_overrides, *options, "scheduler.warmup_epochs=0", cwd=tmp_path)
        path = tmp_path / f"run{rate}" / "checkpoints" / "last.ckpt"
        states.append(torch.load(path, weights_only=True)["state_dict"])
    one, two = states
    backbone = [name for name in one if name.startswith("model.backbone.")]
    assert all(torch.equal(one[name], two[name]) for name in backbone)
    assert torch.all(one["model.backbone.0.1.running_var"] == 1)
    assert not torch.equal(one["model.classifier.weight"], two["model.classifier.weight"])


def one_error(done: subprocess.CompletedProcess[str]) -> str:
    """The one line in which the run ended."""
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    (line,) = [x for x in (done.stdout + done.stderr).splitlines() if "Error" in x]
    return line


ERRORS = {
    "no data": (["data.root=nowhere"], "There is no data set at"),
    "too many identities": (["data.p=17"], "needs 17 identities, but only 16"),
    "unknown key": (["loss.margn=0.1"], "did you mean loss.margin?"),
    "unknown choice": (["loss=tripplet"], "did you mean loss=triplet?"),
    "unknown weights": (["model.weights=nowhere.pt"], "model.weights=nowhere.pt is neither"),
    "half precision": (["trainer.precision=16-mixed"], "needs a GPU, and this run is on the CPU"),
    "no identities": (["data.p=0"], "data.p=0 must be an integer from 1"),
    "no positives": (["data.k=1"], "data.k=1 gives every picture of a batch no other one"),
    "synchronised": (["trainer.sync_batchnorm=true"], "trainer.sync_batchnorm=true needs GPUs"),
    "unknown gather": (["loss.gather=some"], "loss.gather=some must be true or false, or auto"),
    "archive": (
        ["+data.archive=a.zip"],
        "The archive a.zip (data.archive) cannot be read: there is no such file",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_ends_in_one_sentence(
    case: str, script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    overrides, message = ERRORS[case]
    undrawn = ["data.draw=null"] if case in ("no data", "archive") else []
    done = script("train.py", *tiny_overrides, *undrawn, *overrides, cwd=tmp_path, check=False)
    assert one_error(done).count(message) == 1


def test_evaluating_needs_a_checkpoint(script: Run, tmp_path: Path) -> None:
    assert "checkpoint" in one_error(script("evaluate.py", cwd=tmp_path, check=False))


def test_whoever_forgets_the_set_is_told_what_the_checkpoint_was_trained_on(
    trained: Path, script: Run, tmp_path: Path
) -> None:
    done = script("evaluate.py", f"checkpoint={trained}", cwd=tmp_path, check=False)
    assert "There is no data set at" in one_error(done)
    assert "The set was called synthetic in training, and is market1501 here" in done.stdout


@pytest.mark.parametrize("cache", [0, 1])
def test_a_truncated_picture_ends_in_one_sentence(
    cache: int, script: Run, tiny_set: Path, tiny_overrides: list[str], tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(tiny_set, root)
    for picture in (root / "bounding_box_train").glob("*.jpg"):
        picture.write_bytes(picture.read_bytes()[:300])
    options = [f"data.root={root}", "data.draw=null", "data.workers=1", f"data.cache_gib={cache}"]
    done = script("train.py", *tiny_overrides, *options, cwd=tmp_path, check=False)
    count = len(list((root / "bounding_box_train").glob("*.jpg")))
    assert f"Error: {count} pictures cannot be read: restore them" in one_error(done)


@pytest.mark.slow
def test_a_failure_of_the_other_process_alone_ends_in_one_sentence(
    script: Run, tiny_set: Path, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """Rank 1 scores every second batch: break a picture that only it reads."""
    root = tmp_path / "set"
    shutil.copytree(tiny_set, root)
    query = sorted((root / "query").iterdir())
    gallery = sorted((root / "bounding_box_test").iterdir())
    count = len(query) + len(gallery)
    (index, *_) = eval_batches(count, 128, rank=1, world_size=2)[0]
    broken = [*query, *gallery][index]
    broken.write_bytes(broken.read_bytes()[:300])
    options = [f"data.root={root}", "data.draw=null", "data.cache_gib=0", "trainer.devices=2"]
    done = script("train.py", *tiny_overrides, *options, cwd=tmp_path, check=False)
    message = f"Error: The picture {broken} cannot be read"
    assert message in one_error(done), "and nothing of the connection that rank 0 has lost"
    (log,) = tmp_path.glob("outputs/*/train.log")
    assert log.read_text().count(message) == 1


def test_tensorboard_stands_beside_metrics_csv(
    script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    script("train.py", *tiny_overrides, "logger=tensorboard", "hydra.run.dir=run", cwd=tmp_path)
    first, *others = rows(tmp_path / "run")
    assert first["val/mAP"] and first["train/loss"] and len(others) == 1, "one epoch, and the test"
    shown = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    for name in ("val/mAP", "train/loss", "train/lr", "test/rank1"):
        assert [event.step for event in shown.Scalars(name)] == [1], name
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert shown.Scalars("test/CMC")[4].value == pytest.approx(results["test/rank5"])
    assert shown.Scalars("hparams/test/mAP")[0].value == pytest.approx(results["test/mAP"])
    assert len([tag for tag in shown.Tags()["images"] if tag.startswith("ranked_lists/")]) == 8
