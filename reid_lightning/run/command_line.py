"""How a command is run, and the command line of one job for its other processes."""

import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.run.resume import run_args
from reid_lightning.run.user_errors import report_errors

# What Lightning warns of although it is intended here: scores are equal on all ranks already,
# batches resume in mid-epoch though their loader has no state, a resumed run finds its own
# checkpoints, a deprecation inside Lightning itself, and embeddings are written, not returned.
EXPECTED_WARNINGS = (
    "It is recommended to use `self.log",
    "You're resuming from a checkpoint that ended",
    "Checkpoint directory",
    ".*LeafSpec",
    "predict returned None",
)


def run_command(command: Callable[[], None]) -> None:
    """Run a command of the program; an error that the user can correct ends it in a sentence."""
    silence_expected_warnings()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra prints half a traceback itself
    with report_errors():
        command()


def silence_expected_warnings() -> None:
    """Hide `EXPECTED_WARNINGS`, also in processes that a launcher started."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


def log_on_rank_zero() -> None:
    """Leave the log to rank 0, whoever started the ranks; others log their errors alone."""
    if getattr(rank_zero_only, "rank", 0) != 0:
        logging.disable(logging.WARNING)


def rank_command(name: str) -> list[str]:
    """The command line that runs this job, and no other of a sweep, as a further rank.

    It adds its errors, and nothing else, to the job's log.

    Args:
        name: `train` or `evaluate`.
    """
    arguments = run_args(HydraConfig.get().runtime.output_dir)
    errors_only = "hydra.job_logging.root.level=ERROR"
    return [sys.executable, "-m", "reid_lightning.run", name, *arguments, errors_only]


def python_path() -> str:
    """PYTHONPATH for other processes, which import this code even where it is not installed."""
    folders = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.pathsep.join(filter(None, folders))
