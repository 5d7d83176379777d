"""Going on with a run that was stopped or killed: `python train.py resume=outputs/RUN`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file


class ResumePoint(NamedTuple):
    """How far a run came: its last checkpoint (none: it starts over), and what that has seen."""

    checkpoint: Path | None
    epochs: float = 0.0  # 2.5: two whole epochs and a part of the third
    steps: int = 0
    config: Mapping[str, Any] = {}  # that the checkpoint was trained with

    @property
    def max_epochs(self) -> int:
        """How many epochs the checkpoint was trained towards."""
        epochs: int = self.config["trainer"]["max_epochs"] if self.config else 0
        return epochs


def run_arguments(folder: str | Path) -> list[str]:
    """Hydra's arguments that start the job of `folder` again, in it and as it was composed."""
    return [
        f"--config-path={folder}/.hydra",
        "--config-name=config",
        f"hydra.run.dir='{folder}'",
        "hydra.output_subdir=null",
        "hydra.job_logging.formatters.simple.format='[%(asctime)s] %(message)s'",
    ]


def resumed(arguments: Sequence[str]) -> list[str]:
    """What a user typed, with `resume=RUN` spelled out for Hydra.

    Raises:
        ReIDError: there is no run at RUN, or something is to be changed in it that cannot be.
    """
    folders = [a.removeprefix("resume=") for a in arguments if a.startswith("resume=")]
    started_by_us = any(a.startswith("--config-path=") for a in arguments)
    if folders in ([], ["null"]) or started_by_us:
        return list(arguments)
    allowed = [a for a in arguments if a.startswith("trainer.max_epochs=")]
    for refused in arguments:
        if refused not in allowed and not refused.startswith("resume="):
            raise ReIDError(
                f"{refused} cannot be given with resume=, which goes on with one run as it was "
                "configured (a sweep's jobs one by one): only trainer.max_epochs=N can."
            )
    folder = Path(folders[-1]).absolute()
    if not (folder / ".hydra" / "config.yaml").is_file():
        raise ReIDError(
            f"There is no run to resume at {folder}: it holds no .hydra/config.yaml. Name the "
            "folder that a run left, such as outputs/DATE_SET_LOSS."
        )
    return [*run_arguments(folder), f"resume='{folder}'", *allowed]


def find_resume_point(folder: Path) -> ResumePoint:
    """Find a run's last checkpoint, and remove those that a kill left half-written."""
    for partial in folder.glob("checkpoints/*.partial"):
        partial.unlink(missing_ok=True)
    path = folder / "checkpoints" / "last.ckpt"
    if not path.is_file():
        return ResumePoint(None)
    content = load_file(path)
    place = content["ReIDDataModule"]
    epochs = place["epoch"] + place["step"] / place["steps"]
    return ResumePoint(path, epochs, content["global_step"], content["hyper_parameters"])


def find_results(folder: Path, left: ResumePoint, max_epochs: int) -> dict[str, float] | None:
    """The results of a run that was scored at its end, early or not; none of another.

    Raises:
        ReIDError: the run has trained for longer than `max_epochs`.
    """
    if left.epochs > max_epochs:
        raise ReIDError(
            f"trainer.max_epochs={max_epochs} is less than the {left.epochs:.3g} epochs that the "
            f"run at {folder} has trained already: raise it."
        )
    path = folder / "metrics.json"
    if not path.is_file():
        return None
    results: dict[str, float] = json.loads(path.read_text())
    # Scores may be those of an earlier end, before max_epochs was raised.
    stopped_early = results["epochs"] == left.epochs and left.max_epochs == max_epochs
    return results if results["epochs"] == max_epochs or stopped_early else None


@rank_zero_only
def keep_max_epochs(folder: Path, max_epochs: int) -> None:
    """Write a raised `max_epochs` into the run's configuration, for whoever resumes it next."""
    path = folder / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    if config.trainer.max_epochs != max_epochs:
        config.trainer.max_epochs = max_epochs
        partial = path.with_suffix(".partial")
        OmegaConf.save(config, partial)
        partial.replace(path)
