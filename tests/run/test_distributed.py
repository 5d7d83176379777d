"""Several processes learn and score what one does, through the entry points."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_cli import check_run

ROOT = Path(__file__).parents[2]
STEPS = 20


@pytest.mark.parametrize("device", ["cpu", pytest.param("gpu", marks=pytest.mark.multi_gpu)])
def test_two_processes_follow_one(
    device: str,
    script: Callable,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half the identities in each, frozen batch normalisation, augmentation on."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    losses = []
    for processes in (1, 2):
        file = tmp_path / f"{processes}.txt"
        script(
            "train.py",
            *tiny_overrides,
            f"trainer.devices={processes}",
            f"trainer.accelerator={device}",
            f"data.p={4 // processes}",
            "data.k=2",
            "loss.margin=soft",
            "augmentation=strong",
            f"+callbacks.probe={{_target_: probes.FollowLoss, path: {file}}}",
            f"+trainer.limit_train_batches={STEPS}",
            f"hydra.run.dir=run{processes}",
            cwd=tmp_path,
        )
        losses.append([float(line) for line in file.read_text().split()])
    one, two = losses
    assert len(one) == STEPS and one[0] != one[-1]
    assert two == pytest.approx(one, rel=1e-4)


@pytest.fixture(scope="module")
def checkpoint(
    tmp_path_factory: pytest.TempPathFactory, script: Callable, tiny_overrides: list[str]
) -> Path:
    cwd = tmp_path_factory.mktemp("trained")
    # What spreads embeddings soonest: near-equal ones would be ranked by their rounding.
    fast = ("data.p=4", "optimizer=sgd", "optimizer.lr=1e-2", "scheduler=constant")
    script("train.py", *tiny_overrides, *fast, "hydra.run.dir=run", cwd=cwd)
    return cwd / "run" / "checkpoints" / "best.ckpt"


def test_any_number_of_processes_scores_the_same(
    checkpoint: Path, script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """End to end, where a batch's size may round an embedding otherwise: one query at most."""
    data = [o for o in tiny_overrides if o.startswith("data") and "data.p=" not in o]
    results = []
    for processes in (1, 3):
        own = (f"hydra.run.dir={processes}", f"data.cache=cache{processes}")
        many = f"trainer.devices={processes}"
        given = (f"checkpoint={checkpoint}", *data, "trainer.accelerator=cpu", many, *own)
        done = script("evaluate.py", *given, "data.eval_batch_size=7", cwd=tmp_path)
        assert "Embedded " in done.stdout, "not taken from the cache of those before"
        results.append(json.loads((tmp_path / str(processes) / "metrics.json").read_text()))
    first = results[0]
    for other in results[1:]:
        assert other["test/queries"] == first["test/queries"]
        assert other["test/gallery"] == first["test/gallery"]
        for key in ("test/rank1", "test/rank5", "test/rank10", "test/mAP"):
            assert abs(other[key] - first[key]) * first["test/queries"] <= 1 + 1e-9


@pytest.mark.slow
def test_two_machines_under_torchrun(
    tiny_overrides: list[str], tmp_path: Path, free_port: int
) -> None:
    """Two nodes of one process each, on the loopback address."""
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc_per_node=1"),
        *("--master_addr=127.0.0.1", f"--master_port={free_port}"),
    ]
    run = [
        *(str(ROOT / "train.py"), *tiny_overrides, "trainer=ddp", "trainer.max_epochs=1"),
        *("trainer.accelerator=cpu", "trainer.devices=1", "trainer.num_nodes=2"),
        "hydra.run.dir=run",
    ]
    nodes = [
        subprocess.Popen(
            [*command, f"--node_rank={rank}", *run],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    outputs = [node.communicate(timeout=300)[0] for node in nodes]
    assert all(node.returncode == 0 for node in nodes), "\n".join(outputs)
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert results["processes"] == 2 and 0 <= results["test/mAP"] <= 1


@pytest.mark.slow
def test_two_jobs_at_once_on_a_cold_cache_make_one_store(
    tiny_overrides: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "train.py"), *tiny_overrides, "data.height=96"]
    jobs = [
        subprocess.Popen(
            [*command, f"data.cache={tmp_path}/cache", f"hydra.run.dir={tmp_path}/{job}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for job in (1, 2)
    ]
    outputs = [job.communicate(timeout=300)[0] for job in jobs]
    assert all(job.returncode == 0 for job in jobs), "\n".join(outputs)
    files = [path.suffix for path in (tmp_path / "cache").iterdir()]
    assert files.count(".rgb") == 2, "one of the training pictures, one of query and gallery"
    assert ".partial" not in files
    one, two = (json.loads((tmp_path / j / "metrics.json").read_text()) for j in "12")
    assert one["test/mAP"] == two["test/mAP"]


DEPRECATED = "error::DeprecationWarning,error::FutureWarning"


def run_without_deprecated(*commands: list[str], cwd: Path) -> None:
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-c", "from reid_lightning.run.command import main; main()", *command],
            cwd=cwd,
            env=os.environ | {"PYTHONWARNINGS": DEPRECATED, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Warning" not in done.stderr, "one is shown that means nothing to a user"


def test_two_processes_in_half_precision_call_no_deprecated_function(
    tiny_overrides: list[str],
    script: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither do we, nor Lightning for us."""
    monkeypatch.setenv("PYTHONWARNINGS", DEPRECATED)
    two = ["trainer.devices=2", "data.p=2", "trainer.precision=bf16-mixed", "logger=tensorboard"]
    options = ["loss=semihard", *two, "+trainer.limit_train_batches=3", "hydra.run.dir=run"]
    done = script("train.py", *tiny_overrides, *options, cwd=tmp_path)
    assert "Warning" not in done.stderr, "one is shown that means nothing to a user"
    results = check_run(tmp_path / "run", processes=2)
    assert results["precision"] == "bf16-mixed" and 0 < results["test/mAP"] <= 1


@pytest.mark.slow
def test_no_command_calls_a_deprecated_function(
    trained_run: Path, tiny_overrides: list[str], tmp_path: Path
) -> None:
    data = [o for o in tiny_overrides if o.startswith("data") and ".p=" not in o]
    own = [f"checkpoint={trained_run}/checkpoints/best.ckpt", "trainer.accelerator=cpu"]
    scored = ["evaluate", *own, *data, "retrieval=[flip,rerank]", "hydra.run.dir=scored"]
    trained = ["train", *tiny_overrides, "hydra.run.dir=trained"]
    run_without_deprecated(scored, ["report", "scored"], ["data", *data], trained, cwd=tmp_path)
