"""Keys of a group that only a sweep chooses: they are of its jobs, not of the whole sweep."""

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from reid_lightning.run.config_files import CONF


def with_keys_of_swept_groups(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The overrides of a sweep, such that keys of a swept group without a default can be given.

    Hydra composes a configuration of the whole sweep first, without any value that is swept:
    `model=osnet,resnet50 model.weights=FILE` would be refused where no model is chosen otherwise.
    A value of its own sweep, of one, is left out there as well.

    Args:
        config_name: of a file in conf/.
        overrides: as typed, all of them readable.
    """
    groups = {
        group
        for entry in OmegaConf.load(CONF / f"{config_name}.yaml").defaults
        if OmegaConf.is_dict(entry)
        for group, choice in entry.items()
        if choice is None
    }
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    swept = {o.key_or_group for o in parsed if o.is_sweep_override()} & groups
    return [
        _of_jobs(typed, o)
        if o.key_or_group.partition(".")[0] in swept
        and not (o.is_sweep_override() or o.is_delete())
        else typed
        for typed, o in zip(overrides, parsed, strict=True)
    ]


def _of_jobs(typed: str, parsed: Override) -> str:
    key, _, value = typed.partition("=")
    if parsed.value() is None or not value:  # which are no choices in Hydra's grammar
        return f"++{key.lstrip('+')}={value}"
    return f"{key}=choice({value})"
