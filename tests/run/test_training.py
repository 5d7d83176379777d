"""What a training says before it begins."""

import pytest
from hydra import compose, initialize_config_dir

from reid_lightning.run.config_files import CONF
from reid_lightning.run.training import warn_of_long_warmup


@pytest.mark.parametrize(
    ("overrides", "warned"),
    [
        (["trainer.max_epochs=5"], True),
        (["scheduler=warmup_multistep", "trainer.max_epochs=2"], True),
        (["trainer.max_epochs=6"], False),
        (["trainer.max_epochs=1", "scheduler.warmup_epochs=0.5"], False),
        (["scheduler=constant", "trainer.max_epochs=1"], False),
        (["trainer.max_epochs=-1"], False),
        (["trainer.max_epochs=abc"], False),  # which is refused later
    ],
)
def test_a_warm_up_as_long_as_the_run_is_warned_of(
    overrides: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        warn_of_long_warmup(compose("train", overrides))
    assert ("never reaches optimizer.lr" in caplog.text) == warned
