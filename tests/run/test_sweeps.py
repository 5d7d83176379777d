"""Sweeps as a user types them: a failed job ends alone, and the table lists all."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]

# A Lightning callback that ends chosen jobs, and a Hydra callback that reports every job.
PROBES = """
import sys
from pathlib import Path
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback as HydraCallback
from pytorch_lightning.callbacks import Callback

class Ends(Callback):
    def __init__(self, bug=None, exits=None):
        self.bug, self.exits = bug, exits
    def on_train_start(self, trainer, module):
        number = HydraConfig.get().job.num
        if number == self.bug:
            raise ValueError("a bug")
        if number == self.exits:
            sys.exit(3)

class ReportJobs(HydraCallback):
    def on_job_end(self, config, job_return, **kwargs):
        outcome = f"{job_return._return_value} {torch.get_num_threads()}"
        Path(config.hydra.runtime.output_dir, "returned").write_text(outcome)
"""

FAILED = "failed: callbacks.ends (sweep_probes.Ends) fails: ValueError: a bug ("


@pytest.fixture
def options(
    tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    (tmp_path / "sweep_probes.py").write_text(PROBES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    report_jobs = "+hydra.callbacks.report_jobs._target_=sweep_probes.ReportJobs"
    return [*tiny_overrides, "hydra.sweep.dir=sweep", report_jobs]


def summary(sweep: Path) -> dict[str, dict[str, str]]:
    """The rows, by folder."""
    with (sweep / "summary.csv").open() as file:
        return {row["folder"]: row for row in csv.DictReader(file)}


def returned(job: Path) -> tuple[str, int]:
    """What the job returned to Hydra, and how many threads it had."""
    value, threads = (job / "returned").read_text().rsplit(maxsplit=1)
    return value, int(threads)


def check_returned(job: Path) -> None:
    assert float(returned(job)[0]) == json.loads((job / "metrics.json").read_text())["val/mAP"]


def test_a_job_that_fails_ends_alone_and_the_sweep_ends_with_its_pictures(
    options: list[str], script: Run, tmp_path: Path
) -> None:
    ends = ["+callbacks.ends._target_=sweep_probes.Ends", "+callbacks.ends.bug=1"]
    grid = ["sweep=margin_smoothing", "loss.margin=0.1,0.5", "loss.label_smoothing=0,0.1"]
    all_options = [*options, *grid, *ends, "+callbacks.ends.exits=2"]
    done = script("train.py", *all_options, cwd=tmp_path, check=False)
    assert done.returncode == 1 and "2 of 4 jobs have no result" in done.stdout
    assert done.stdout.count("Training on: cpu") == 1, "what all jobs share is said once"
    assert done.stdout.count("mAP (step)  ") == 2, "and every score"
    named = ["Job 1 of 4: ", "Job 2 of 4: ", "Job 3 of 4: ", "Job 4 of 4: "]
    assert [line for line in named if line in done.stdout] == named
    assert "label_smoothing=0.1 (about " in done.stdout.split("Job 2")[1].split("Job 3")[0]
    sweep = tmp_path / "sweep"
    rows = summary(sweep)
    statuses = [rows[folder]["status"] for folder in "0123"]
    assert statuses[1].startswith(FAILED), done.stdout + done.stderr
    assert [statuses[0], *statuses[2:]] == ["finished", "failed: SystemExit: 3", "finished"]
    for job in ("0", "3"):
        check_returned(sweep / job)
    for job in ("1", "2"):
        log = (sweep / job / "train.log").read_text()
        assert returned(sweep / job)[0] == "nan" and "Error: " in log
        assert ("Traceback" in log) == (job == "2"), "a class that the user named says where"
    assert (sweep / "heat_map.png").is_file()
    normalize = (sweep / "0" / ".hydra" / "overrides.yaml").read_text()
    assert "loss.normalize=True" in normalize, "what the group gives and nobody overrode"
    assert "mining: semihard" in (sweep / "0" / ".hydra" / "config.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_launchers_run_jobs_in_processes_of_their_own(
    launcher: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which share the cores, where they run at once on one machine."""
    if launcher == "joblib":
        monkeypatch.delenv("OMP_NUM_THREADS")
    launch = [f"hydra/launcher={launcher}", "seed=0,1"]
    launch += ["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
    launch += ["data.workers=1", "data.cache_gib=0"]  # loader processes of the jobs' processes
    # Not by `script`, whose fork of multiprocessing's would be the parent of joblib's own.
    command = [sys.executable, str(ROOT / "train.py"), "-m", *options, *launch]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = summary(tmp_path / "sweep")
    assert [rows[folder]["status"] for folder in "01"] == ["finished"] * 2
    for job in ("0", "1"):
        check_returned(tmp_path / "sweep" / job)
        if launcher == "joblib":
            assert 2 * returned(tmp_path / "sweep" / job)[1] <= max(2, os.cpu_count() or 1)


def test_optuna_goes_on_after_a_trial_that_failed(
    options: list[str], script: Run, tmp_path: Path
) -> None:
    ends = ["+callbacks.ends._target_=sweep_probes.Ends", "+callbacks.ends.bug=0"]
    trials = ["sweep=optuna", "hydra.sweeper.n_trials=2", "loss.label_smoothing=0.1"]
    done = script("train.py", *options, *trials, *ends, cwd=tmp_path, check=False)
    assert done.returncode == 1
    rows = summary(tmp_path / "sweep")
    assert rows["0"]["status"].startswith(FAILED) and rows["1"]["status"] == "finished"
    assert 0.1 <= float(rows["1"]["loss.margin"]) <= 0.6 and "loss.label_smoothing" not in rows["1"]
    check_returned(tmp_path / "sweep" / "1")
    best = (tmp_path / "sweep" / "optimization_results.yaml").read_text()
    assert f"best_value: {returned(tmp_path / 'sweep' / '1')[0]}" in best


@pytest.mark.slow
def test_ctrl_c_ends_the_whole_sweep(tiny_overrides: list[str], tmp_path: Path) -> None:
    options = [*tiny_overrides, "trainer.max_epochs=500", "seed=0,1", "hydra.sweep.dir=sweep"]
    run = subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), "-m", *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and run.poll() is None:
        if (tmp_path / "sweep" / "0" / "checkpoints" / "last.ckpt").is_file():
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=100)
    assert run.returncode == 130 and not (tmp_path / "sweep" / "1").exists(), output


def jobs_of(sweep: str) -> list[list[str]]:
    """The jobs that Hydra makes of a choice of the group `sweep`."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", [f"sweep={sweep}"], return_hydra_config=True)
        assert config.hydra.mode.name == "MULTIRUN", "also without -m"
        params = [f"{key}={value}" for key, value in config.hydra.sweeper.params.items()]
        ((*jobs,),) = BasicSweeper.split_arguments(
            OverridesParser.create().parse_overrides(params), max_batch_size=None
        )
    return jobs


def test_margin_smoothing_is_nine_jobs() -> None:
    jobs = jobs_of("margin_smoothing")
    assert len({tuple(job) for job in jobs}) == 9
    assert all("loss.normalize=True" in job for job in jobs), "so that margins can be compared"


def test_the_command_line_wins_over_the_group() -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        loss = compose("train", ["sweep=margin_smoothing", "loss=hard"]).loss
    assert loss.mining == "hard"


def test_losses_are_the_triplet_family_and_the_identity_loss() -> None:
    triplets = ("triplet", "hard", "semihard", "semihard_soft", "batch_all", "quadruplet")
    losses = ("softmax", *triplets)
    assert jobs_of("losses") == [[f"loss={loss}"] for loss in losses]
    assert all((ROOT / "conf" / "loss" / f"{loss}.yaml").is_file() for loss in losses)


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "sweep").iterdir()), ids=lambda p: p.stem)
def test_every_choice_says_when_to_choose_it(path: Path) -> None:
    package, when, *_ = path.read_text().splitlines()
    assert package == "# @package _global_" and when.startswith("# ") and len(when) > 40
