"""Every run states the version that made it."""

from pathlib import Path

import pytest
import yaml

from reid_lightning import __version__

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_the_configuration_states_the_version(name: str) -> None:
    assert yaml.safe_load((CONF / f"{name}.yaml").read_text())["version"] == __version__
