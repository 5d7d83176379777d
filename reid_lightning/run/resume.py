"""Resume a run that was stopped or killed: `python train.py resume=outputs/RUN`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, replaced_atomically
from reid_lightning.models.fit import weights_problem
from reid_lightning.results.metrics_json import read_results
from reid_lightning.run.paths import quoted, with_typed_home
from reid_lightning.run.run_lock import check_not_running
from reid_lightning.run.version import check_version


class ResumePoint(NamedTuple):
    """Where a run continues: its last checkpoint (none: it starts over), and its progress."""

    checkpoint: Path | None
    epochs: float = 0.0  # 2.5: two epochs and half of the third
    steps: int = 0
    config: Mapping[str, Any] = {}  # which the checkpoint was trained with

    @property
    def max_epochs(self) -> int:
        """The number of epochs that the checkpoint's training was planned for."""
        epochs: int = self.config["trainer"]["max_epochs"] if self.config else 0
        return epochs


def run_args(folder: str | Path) -> list[str]:
    """Hydra's arguments that start the job of `folder` again, there and with its configuration."""
    return [
        f"--config-path={folder}/.hydra",
        "--config-name=config",
        f"hydra.run.dir={quoted(folder)}",
        "hydra.output_subdir=null",
        "hydra.job_logging.formatters.simple.format='[%(asctime)s] %(message)s'",
    ]


def resume_args(arguments: Sequence[str]) -> list[str]:
    """The typed arguments, with `resume=RUN` replaced by the arguments that Hydra needs for it.

    Raises:
        ReIDError: there is no run at RUN, another version made it, or the other arguments would
            change what cannot change.
    """
    arguments = with_typed_home(arguments)
    folders = [a.removeprefix("resume=") for a in arguments if a.startswith("resume=")]
    is_rank = any(a.startswith("--config-path=") for a in arguments)  # arguments of `run_args`
    if folders in ([], ["null"]) or is_rank:
        return arguments
    allowed = [a for a in arguments if a.startswith("trainer.max_epochs=")]
    for refused in arguments:
        if refused not in allowed and not refused.startswith("resume="):
            raise ReIDError(
                f"{refused} cannot be given with resume=, which continues one run (or one job of a "
                "sweep) as it was configured: only trainer.max_epochs=N can."
            )
    folder = Path(folders[-1]).absolute()
    config = folder / ".hydra" / "config.yaml"
    if not config.is_file():
        raise ReIDError(
            f"There is no run to resume at {folder}: it holds no .hydra/config.yaml. Name the "
            "folder that a run left, such as outputs/DATE_SET_LOSS."
        )
    check_version(folder, config)
    check_not_running(folder)
    return [*run_args(folder), f"resume={quoted(folder)}", *allowed]


def find_resume_point(folder: Path) -> ResumePoint:
    """Find a run's last checkpoint, and remove files that a kill left half-written."""
    for partial in folder.glob("checkpoints/*.partial"):
        partial.unlink(missing_ok=True)
    path = folder / "checkpoints" / "last.ckpt"
    if not os.path.lexists(path):
        return ResumePoint(None)
    content = load_file(path)
    try:
        position, steps, config = (
            content[name] for name in ("position", "global_step", "hyper_parameters")
        )
        epochs = position["epoch"] + position["step"] / position["steps"]
        point = ResumePoint(path, float(epochs), int(steps), dict(config))
        int(point.max_epochs)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ReIDError(
            f"{path} is no checkpoint that train.py wrote to resume from: remove it to train the "
            "run from its start, or put back the one that was there."
        ) from error
    return point


def load_weights_of_run(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """The weights in a run's checkpoint.

    Args:
        path: of the checkpoint.
        network: with all that the run trains.

    Raises:
        ReIDError: they are those of another network, or of a set with other identities.
    """
    weights: dict[str, Tensor] = load_file(path).get("state_dict") or {}
    if problem := weights_problem(weights, network.state_dict()):
        raise ReIDError(
            f"{path} cannot be used to resume or score this run: {problem}. Were model or "
            "data.root changed, or the file replaced?"
        )
    return weights


def find_results(folder: Path, resume_point: ResumePoint, max_epochs: int) -> dict[str, Any] | None:
    """The results of a run that was scored at its end, early or not; none of an unfinished run.

    Raises:
        ReIDError: the run has trained for longer than `max_epochs`.
    """
    if resume_point.epochs > max_epochs:
        raise ReIDError(
            f"trainer.max_epochs={max_epochs} is less than the {resume_point.epochs:.3g} epochs "
            f"that the run at {folder} has trained already: raise it."
        )
    path = folder / "metrics.json"
    if not os.path.lexists(path):
        return None
    results = read_results(path)
    # Scores may be those of an earlier end, before max_epochs was raised.
    stopped_early = (
        results.get("epochs") == resume_point.epochs and resume_point.max_epochs == max_epochs
    )
    return results if results.get("epochs") == max_epochs or stopped_early else None


@rank_zero_only
def keep_max_epochs(folder: Path, max_epochs: int) -> None:
    """Write a raised `max_epochs` into the run's configuration, for the next resume."""
    path = folder / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    if config.trainer.max_epochs != max_epochs:
        config.trainer.max_epochs = max_epochs
        with replaced_atomically(path) as partial:
            OmegaConf.save(config, partial)
