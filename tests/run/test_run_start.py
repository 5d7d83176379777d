"""What is looked at before a run's folder is made."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from reid_lightning.run.config_files import CONF
from reid_lightning.run.run_start import RunStart


@pytest.mark.parametrize("name", ["../../x", "a/b", "''"])
def test_a_sets_name_is_no_path(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", [f"data.name={name}"], return_hydra_config=True)
    with pytest.raises(SystemExit):
        RunStart().on_run_start(config)
    assert "must be text that is not empty and has no slash" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
