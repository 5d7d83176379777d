"""How a command is run, and the command line of one job for its other processes."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable

from hydra.core.hydra_config import HydraConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.process import pass_signals_to, stop_signals
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.resume import run_args
from reid_lightning.run.sweep_jobs import stop_jobs
from reid_lightning.run.terminal_log import shape_log_for_terminal
from reid_lightning.run.user_errors import report_errors, report_thread_error

# What Lightning warns of although it is intended here: scores are equal on all ranks already,
# batches resume in mid-epoch though their loader has no state, a resumed run finds its own
# checkpoints, a deprecation inside Lightning itself, embeddings are written, not returned, and no
# more loaders are started than help (`make_loader`): pictures in memory need none.
# What torch warns of: DDP copies gradients of depthwise convolutions whose layout is channels last,
# a CUDA graph's own outputs keep what it was captured with, on the capture's stream, and the first
# backward pass is the first in its thread to multiply matrices on a GPU.
# What PIL warns of: such a picture is refused.
EXPECTED_WARNINGS = (
    "It is recommended to use `self.log",
    "You're resuming from a checkpoint that ended",
    "Checkpoint directory",
    ".*LeafSpec",
    "predict returned None",
    "The '.*_dataloader' does not have many workers",
    "Grad strides do not match bucket view strides",
    "The AccumulateGrad node's stream does not match",
    "Attempting to run cuBLAS, but there was no current CUDA context",
    "Image size .* could be decompression bomb",
)


def run_command(command: Callable[[], None], *, resumable: bool) -> None:
    """Run a command of the program; see `report_errors`."""
    import_users_modules()
    silence_expected_warnings()
    threading.excepthook = report_thread_error
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra prints half a traceback itself
    with stop_signals(), pass_signals_to(stop_jobs), report_errors(resumable=resumable):
        command()


def silence_expected_warnings() -> None:
    """Hide `EXPECTED_WARNINGS`, also in processes that a launcher started."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    for library in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)


def log_on_rank_zero() -> None:
    """Leave the log to rank 0, whoever started the ranks; others log their errors alone."""
    shape_log_for_terminal()
    if getattr(rank_zero_only, "rank", 0) != 0:
        logging.disable(logging.WARNING)


def rank_command(name: str, rank: int) -> list[str]:
    """The command line that runs this job, and no other of a sweep, as one of its ranks.

    All of them continue the job's log; those after rank 0 add their errors alone.

    Args:
        name: `train` or `evaluate`.
        rank: from 0.
    """
    arguments = run_args(HydraConfig.get().runtime.output_dir)
    log = [f"hydra.job.name={name}", *(["hydra.job_logging.root.level=ERROR"] if rank else [])]
    return [sys.executable, "-m", "reid_lightning.run", name, *arguments, *log]
