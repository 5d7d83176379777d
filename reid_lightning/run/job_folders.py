"""Whether every job of a sweep has a folder of its own."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError

_NUMBERS = ("hydra.job.num", "hydra.job.id", "hydra:job.num", "hydra:job.id")


def check_job_folders(config: DictConfig) -> None:
    """Raise a `ReIDError` if `hydra.sweep.subdir` may be the same for two jobs.

    Args:
        config: of the sweep, with Hydra's own.
    """
    subdir = str(OmegaConf.to_container(config.hydra.sweep, resolve=False)["subdir"])  # type: ignore[index,call-overload]
    if any(number in subdir for number in _NUMBERS):
        return
    left_out = _swept(config) & set(config.hydra.job.config.override_dirname.exclude_keys)
    if "override_dirname" in subdir and not left_out:
        return
    why = f", whose exclude_keys leave out {', '.join(sorted(left_out))}," if left_out else ""
    raise ReIDError(
        f"hydra.sweep.subdir={subdir}{why} is the same folder for several jobs of the sweep, and "
        "each needs its own: add ${hydra.job.num} to it."
    )


def _swept(config: DictConfig) -> set[str]:
    """The keys that differ between the sweep's jobs, and more where a sweeper chooses values."""
    overrides = OverridesParser.create().parse_overrides(
        OmegaConf.to_container(config.hydra.overrides.task, resolve=False)  # type: ignore[arg-type]
    )
    keys = {o.key_or_group for o in overrides if o.is_sweep_override()}
    return keys | set(config.hydra.sweeper.get("params") or {})
