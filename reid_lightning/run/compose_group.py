"""One group of an evaluation's configuration, composed without a run of Hydra's."""

from collections.abc import Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from reid_lightning.run.check_config import check_config
from reid_lightning.run.config_files import CONF
from reid_lightning.run.override_errors import check_overrides


def compose_group(group: str, overrides: Sequence[str], kind: Any) -> DictConfig:
    """A group of evaluate.yaml with these overrides, resolved and checked.

    Args:
        group: its name.
        overrides: as they are typed.
        kind: what it may hold, as of `check_config`.

    Raises:
        ReIDError: an override is unknown, or a value is not as its constructor takes it.
    """
    check_overrides(list(overrides), None)
    loader = ConfigLoaderImpl(create_config_search_path(str(CONF)))  # changes nothing global
    whole = loader.load_configuration("evaluate", list(overrides), RunMode.RUN)
    alone = OmegaConf.create({group: OmegaConf.to_container(whole[group], resolve=True)})
    check_config(alone, {group: kind})
    composed: DictConfig = alone[group]
    return composed
