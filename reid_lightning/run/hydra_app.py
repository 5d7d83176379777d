"""Hydra's run of a job, or of a sweep of jobs, from a list of arguments."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hydra
from omegaconf import DictConfig

CONF = Path(__file__).parents[2] / "conf"


def run_hydra_app(
    job: Callable[[DictConfig], float | None], config_name: str, arguments: Sequence[str]
) -> None:
    """Compose `config_name` with `arguments` and call `job`, once or for every job of a sweep.

    The log file is named after the module that defines `job`.

    Args:
        job: returns a score for sweeps.
        config_name: of a file in conf/.
        arguments: as they are typed: overrides and options, in any order.
    """
    options_first = sorted(arguments, key=lambda a: a not in ("-m", "--multirun"))
    with _command_line(options_first):  # Hydra accepts arguments from there alone
        hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)(job)()


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    typed = sys.argv
    sys.argv = [typed[0], *arguments]
    try:
        yield
    finally:
        sys.argv = typed
