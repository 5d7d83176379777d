"""Hydra's run of a job, or of a sweep of jobs, from a list of arguments."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import NamedTuple

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from reid_lightning.run.config_files import CONF, check_own_files
from reid_lightning.run.override_errors import check_overrides
from reid_lightning.run.paths import expand_paths, with_typed_home
from reid_lightning.run.swept_groups import with_keys_of_swept_groups


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
    typed = TypedArguments.parse(arguments)
    check_own_files(typed.own_configs)
    check_overrides(typed.overrides, typed.own_configs)
    is_sweep = {"-m", "--multirun"} & {*typed.options}
    overrides = (
        with_keys_of_swept_groups(config_name, typed.overrides) if is_sweep else typed.overrides
    )
    with _command_line([*typed.options, *overrides]):  # Hydra reads no other arguments
        app = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
        app(_with_paths(job))()


def _with_paths(
    job: Callable[[DictConfig], float | None],
) -> Callable[[DictConfig], float | None]:
    @wraps(job)  # Hydra names the log file after the module of `job`
    def with_paths(config: DictConfig) -> float | None:
        expand_paths(config)
        return job(config)

    return with_paths


class TypedArguments(NamedTuple):
    """What was typed after the command, in any order.

    Args:
        options: Hydra's, such as `-m`, with their values.
        overrides: such as `loss=semihard`.
        own_configs: the folder of --config-dir.
    """

    options: list[str]
    overrides: list[str]
    own_configs: Path | None

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> "TypedArguments":
        """Tell options from overrides."""
        options = with_typed_home(arguments)
        parsed = get_args_parser().parse_intermixed_args(options)
        for override in parsed.overrides:
            options.remove(override)
        folder = Path(parsed.config_dir).absolute() if parsed.config_dir else None
        return cls(options, parsed.overrides, folder)


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    typed = sys.argv
    sys.argv = [typed[0], *arguments]
    try:
        yield
    finally:
        sys.argv = typed
