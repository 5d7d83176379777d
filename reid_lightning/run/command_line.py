"""How an entry point is run, and the command line of one job."""

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from reid_lightning.run.resume import run_arguments
from reid_lightning.run.user_errors import report_errors

# What Lightning warns of and is meant to be so: scores are equal on all ranks already, batches go
# on in mid-epoch though their loader has no state, a resumed run finds its own checkpoints, a
# deprecation inside Lightning itself, and embeddings are written, not returned, by our own batches.
EXPECTED_WARNINGS = (
    "It is recommended to use `self.log",
    "You're resuming from a checkpoint that ended",
    "Checkpoint directory",
    ".*LeafSpec",
    ".*custom batch sampler",
    "predict returned None",
)


def run(main: Any) -> None:
    """Run an entry point."""
    silence_expected_warnings()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra shows half a traceback itself
    with report_errors():
        main()


def silence_expected_warnings() -> None:
    """Leave out what libraries say of what is meant to be so; in a launcher's processes, too."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


def own_command(script: str) -> list[str]:
    """The command line that runs this job, and no other of a sweep, as a further rank.

    It adds its errors, and nothing else, to the job's log.
    """
    arguments = run_arguments(HydraConfig.get().runtime.output_dir)
    quiet = "hydra.job_logging.root.level=ERROR"
    return [sys.executable, str(Path(script).absolute()), *arguments, quiet]
