"""Whether every job of a sweep has a folder of its own."""

from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError

_NUMBERS = ("hydra.job.num", "hydra.job.id", "hydra:job.num", "hydra:job.id")


def check_job_folders(config: DictConfig) -> None:
    """Raise a `ReIDError` if `hydra.sweep.subdir` may be the same for two jobs.

    Overrides alone may be: a sweeper can choose the same values twice.

    Args:
        config: of the sweep, with Hydra's own.
    """
    sweep = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    subdir = str(sweep["subdir"])  # type: ignore[index,call-overload]
    if not any(number in subdir for number in _NUMBERS):
        raise ReIDError(
            f"hydra.sweep.subdir={subdir} can be the same for two jobs of the sweep, and each "
            "needs a folder of its own: add ${hydra.job.num} to it."
        )
