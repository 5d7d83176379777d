"""What `logger=wandb` leaves, read back from the offline runs' own records."""

import csv
import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from wandb.proto.wandb_internal_pb2 import Record

from reid_lightning.engine.loggers.wandb import wandb_logger
from reid_lightning.errors import ReIDError
from reid_lightning.results.findings import read_findings

Run = Callable
SECRETS = {
    "WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
    "DATABASE_PASSWORD": "correct-horse-battery-staple",
    "SLURM_JWT": "eyJhbGciOiJIUzI1NiJ9.e30.token",
}


def records(path: Path) -> Iterator[Record]:
    """A .wandb file is a LevelDB log: chunks of records in blocks of 32 KiB, after a header."""
    data, place, parts = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        parts += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""


def read(folder: Path) -> SimpleNamespace:
    """The one W&B run of a job that was never resumed."""
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    return read_file(path)


def read_file(path: Path) -> SimpleNamespace:
    logged = SimpleNamespace(
        run=None, config={}, summary={}, history=[], defined={}, artifacts=[], exit_code=None
    )
    for record in records(path):
        kind = record.WhichOneof("record_type")
        value = getattr(record, kind)
        if kind == "run":
            logged.run = value
            merge(logged.config, value.config.update)
        elif kind == "config":
            merge(logged.config, value.update)
        elif kind == "summary":
            merge(logged.summary, value.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            merge(row, value.item)
            logged.history.append(row)
        elif kind == "metric":
            logged.defined[value.name or value.glob_name] = value
        elif kind == "artifact":
            logged.artifacts.append(value)
        elif kind == "exit":
            logged.exit_code = value.exit_code
    return logged


def merge(into: dict[str, Any], items: Any) -> None:
    for item in items:
        *outer, last = item.nested_key or [item.key]
        place = into
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = json.loads(item.value_json)


@pytest.fixture(scope="module")
def sweep(
    tmp_path_factory: pytest.TempPathFactory, script: Run, tiny_overrides: list[str]
) -> Iterator[Path]:
    """Two jobs: of one process and of two."""
    cwd = tmp_path_factory.mktemp("cwd")
    options = ["trainer.devices=1,2", "trainer.max_epochs=2", "logger.checkpoint=true"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (SECRETS | {"WANDB_DATA_DIR": str(cwd / "staging")}).items():
            patch.setenv(name, value)
        wandb = ["logger=wandb", "logger.mode=offline", "hydra.sweep.dir=studies/devices"]
        done = script("train.py", "-m", *tiny_overrides, *options, *wandb, cwd=cwd)
        folder = cwd / "studies" / "devices"
        assert f"wandb sync {folder}/1/wandb/offline-run-*" in done.stdout
        yield folder


def scores(folder: Path, name: str) -> list[float]:
    with (folder / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


@pytest.mark.parametrize("job", ["0", "1"])
def test_curves_over_epochs_of_all_that_is_to_be_watched(sweep: Path, job: str) -> None:
    logged = read(sweep / job)
    train = ("loss", "loss_id", "loss_metric", "active", "dist_pos", "dist_neg", "embedding_norm")
    keys = [f"train/{name}" for name in (*train, "lr", "images_per_second")]
    keys += [f"val/{name}" for name in ("mAP", "rank1", "rank5", "rank10", "mINP")]
    for key in keys:
        assert [row["epoch"] for row in logged.history if key in row] == [0, 1], key
    assert logged.defined["*"].step_metric == "epoch"
    assert logged.defined["epoch"].options.hidden
    assert logged.defined["trainer/global_step"].options.hidden


@pytest.mark.parametrize("job", ["0", "1"])
def test_the_summary_holds_the_best_of_validation_and_the_test(sweep: Path, job: str) -> None:
    logged, results = read(sweep / job), json.loads((sweep / job / "metrics.json").read_text())
    for name in ("val/mAP", "val/rank1"):
        assert logged.summary[name] == {"max": pytest.approx(max(scores(sweep / job, name)))}
        assert logged.defined[name].summary.max and logged.defined[name].step_metric == "epoch"
    for name in ("mAP", "rank1", "rank5", "rank10", "mINP"):
        assert logged.summary[f"test/{name}"] == pytest.approx(results[f"test/{name}"], abs=1e-6)


def test_the_cmc_is_a_curve(sweep: Path) -> None:
    logged, results = read(sweep / "0"), json.loads((sweep / "0" / "metrics.json").read_text())
    chart = logged.config["_wandb"]["visualize"]["test/CMC"]["panel_config"]
    assert chart["panelDefId"] == "wandb/line/v0"
    assert (chart["fieldSettings"]["x"], chart["fieldSettings"]["y"]) == ("rank", "share")
    (path,) = sweep.glob(f"0/wandb/offline*/files/{logged.summary['test/CMC_table']['path']}")
    rows = json.loads(path.read_text())["data"]
    assert [rank for rank, _ in rows] == list(range(1, 51))
    for k in (1, 5, 10):
        assert rows[k - 1][1] == pytest.approx(results[f"test/rank{k}"])


@pytest.mark.parametrize("job", ["0", "1"])
def test_what_the_test_found_is_of_all_pictures_whichever_process_embedded_them(
    sweep: Path, job: str
) -> None:
    with (sweep / job / "per_query.csv").open() as file:
        aps = [float(row["AP"]) for row in csv.DictReader(file)]
    results = json.loads((sweep / job / "metrics.json").read_text())
    assert len(aps) == results["test/queries"]
    assert sum(aps) / len(aps) == pytest.approx(results["test/mAP"])
    found = read_findings(sweep / job / "findings.pt")
    assert f"AP (step) {min(aps):.1%}" in found.worst[0].title
    assert f"AP (step) {max(aps):.1%}" in found.best[0].title


@pytest.mark.parametrize("job", ["0", "1"])
def test_ranked_lists_are_pictures(sweep: Path, job: str) -> None:
    logged = read(sweep / job)
    for key in ("ranked_lists/worst", "ranked_lists/best"):
        shown = logged.summary[key]
        assert shown["_type"] == "images/separated" and len(shown["captions"]) == 4
        for name in shown["filenames"]:
            (path,) = (sweep / job).glob(f"wandb/offline*/files/{name}")
            assert Image.open(path).size == (shown["width"], shown["height"])


def test_a_job_is_found_by_what_the_sweep_changes(sweep: Path) -> None:
    ids = set()
    for job, devices in (("0", 1), ("1", 2)):
        run = read(sweep / job).run
        assert run.project == "reid-lightning" and run.run_group == "devices"
        assert run.display_name == f"trainer.devices={devices}"
        assert {f"trainer.devices={devices}", "data=synthetic", "model.width=0.35"} <= set(run.tags)
        assert not [tag for tag in run.tags if tag.startswith("logger") or "/" in tag]
        ids.add(run.run_id)
    assert len(ids) == 2


def test_hyperparameters_are_flat_and_name_no_place_but_the_set(
    sweep: Path, tiny_set: Path
) -> None:
    config = read(sweep / "0").config
    assert config["loss"] == "semihard_soft" and config["loss/margin"] == "soft"
    assert config["optimizer/lr"] == 3e-3 and config["seed"] == 0 and config["data/p"] == 8
    assert config["data/root"] == str(tiny_set)
    del config["data/root"], config["_wandb"]
    for key, value in config.items():
        assert not isinstance(value, dict), key
        assert "/tmp" not in str(value) and str(Path.home()) not in str(value), key


def test_no_secret_of_the_environment_is_kept(sweep: Path) -> None:
    logged = read(sweep / "0")
    assert not logged.run.HasField("git"), "whose remote may hold a token"
    assert "git_revision" in logged.config
    files = [path for path in sweep.rglob("*") if path.is_file()]
    parsed = b"".join(r.SerializeToString() for f in sweep.rglob("*.wandb") for r in records(f))
    for secret in SECRETS.values():
        assert not [path for path in files if secret.encode() in path.read_bytes()], secret
        assert secret.encode() not in parsed


def test_the_best_checkpoint_is_an_artifact_where_asked(sweep: Path) -> None:
    (model,) = [a for a in read(sweep / "0").artifacts if a.type == "model"]
    assert "best" in model.aliases
    (kept,) = model.manifest.contents
    assert kept.size == (sweep / "0" / "checkpoints" / "best.ckpt").stat().st_size


def test_a_resumed_run_is_the_same_one_and_keeps_its_best(
    sweep: Path, script: Run, tmp_path: Path
) -> None:
    """What was logged before the resume counts, which W&B itself forgets offline."""
    shutil.copytree(sweep, tmp_path / sweep.name, symlinks=True)
    first, folder = read(sweep / "0"), tmp_path / sweep.name / "0"
    table = (folder / "metrics.csv").read_text()
    (folder / "metrics.csv").write_text(table.replace(str(best(folder)), "0.875"))
    script("train.py", f"resume={folder}", "trainer.max_epochs=3", cwd=tmp_path)
    _, path = sorted(folder.glob("wandb/offline-run-*/*.wandb"), key=os.path.getmtime)
    again = read_file(path)
    for name in ("run_id", "display_name", "run_group", "tags"):
        assert getattr(again.run, name) == getattr(first.run, name), name
    assert again.config["trainer/max_epochs"] == 3 and again.exit_code == 0
    assert [row["epoch"] for row in again.history if "val/mAP" in row] == [2]
    assert again.summary["val/mAP"] == {"max": 0.875}


def best(folder: Path) -> float:
    return max(scores(folder, "val/mAP"))


@pytest.mark.parametrize(("mode", "hinted"), [("online", True), ("offline", False)])
def test_a_run_that_is_offline_already_is_not_told_to_be(
    mode: Any, hinted: bool, tmp_path: Path
) -> None:
    logger = wandb_logger(str(tmp_path), mode=mode, nonsense=3)
    with pytest.raises(ReIDError, match=r"^W&B does not start: .*nonsense") as caught:
        _ = logger.experiment
    assert ("logger.mode=offline" in str(caught.value)) == hinted
