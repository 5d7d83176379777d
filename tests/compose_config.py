"""Configurations composed in this process, and the message where one is refused."""

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

from reid_lightning.run.config_files import CONF
from reid_lightning.run.config_keys import check_evaluation_config, check_training_config
from reid_lightning.run.override_errors import check_overrides
from reid_lightning.run.user_errors import clear_message

CHECKS = {"train": check_training_config, "evaluate": check_evaluation_config}


def composed(name: str, *overrides: str) -> DictConfig:
    """The configuration `name` (`train` or `evaluate`), as in a run in the folder `run`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        whole = compose(name, list(overrides), return_hydra_config=True)
        with open_dict(whole):
            whole.hydra.runtime.output_dir = "run"
            HydraConfig.instance().set_config(whole)
            del whole["hydra"]
        return whole


def refusal(name: str, *overrides: str) -> str | None:
    """The message that a run with these overrides ends with before it begins; None of a bug."""
    try:
        check_overrides(overrides, None)
        CHECKS[name](composed(name, *overrides))
    except Exception as error:
        return clear_message(error)
    return "accepted"
