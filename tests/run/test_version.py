"""Every run states the version that made it."""

from pathlib import Path

import pytest
import yaml

from reid_lightning import __version__
from reid_lightning.errors import ReIDError
from reid_lightning.run.version import check_version

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_the_configuration_states_the_version(name: str) -> None:
    assert yaml.safe_load((CONF / f"{name}.yaml").read_text())["version"] == __version__


def test_what_scores_an_older_run_is_named_as_it_is_typed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("version: 0.0.1")
    for program, typed in (("train.py", "python evaluate.py"), ("bin/reid", "reid evaluate")):
        monkeypatch.setattr("sys.argv", [str(CONF.parent / program)])
        with pytest.raises(ReIDError, match=f"; {typed} scores its checkpoints"):
            check_version(tmp_path, config)
