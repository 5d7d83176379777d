"""Hydra's callbacks before a run or a sweep writes anything: its folder is made its own."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.files import named_in_errors, replaced_atomically
from reid_lightning.results.status import write_status
from reid_lightning.run.config_keys import check_sweep_config
from reid_lightning.run.folder_claim import claim_folder, wait_for_rank_zero
from reid_lightning.run.held_sweep import hold_sweep
from reid_lightning.run.job_folders import check_job_folders
from reid_lightning.run.paths import expand_home, quoted
from reid_lightning.run.python_path import import_variables
from reid_lightning.run.sweep_log import count_jobs
from reid_lightning.run.typed_command import typed_command
from reid_lightning.run.user_errors import exit_on_errors
from reid_lightning.signatures import Name, check_argument


class RunStart(Callback):
    """Claims the folder of a run, or of a sweep, before Hydra writes into it.

    A name made from the clock gets a number where it is taken; a folder that the user named must
    be empty. Ranks that a launcher started share the folder that rank 0 claims.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim `hydra.run.dir`, unless the run in it is resumed or rank 0 has claimed it."""
        with exit_on_errors():
            self._start_run(config)

    def _start_run(self, config: DictConfig) -> None:
        if not _starts_anew(config):
            return
        if isinstance(name := OmegaConf.select(config, "data.name"), str):
            check_argument("data.name", name, Name)  # it is in the folder's name
        folder = _resolved(config, "run")
        if getattr(rank_zero_only, "rank", 0) != 0:
            shared = wait_for_rank_zero(folder)
        else:
            shared = claim_folder(folder, "hydra.run.dir", named=_is_named(config, "run"))
            _check_room(shared, config)
        with read_write(config.hydra), open_dict(config.hydra):
            config.hydra.run.dir = str(shared)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim `hydra.sweep.dir` and keep the configuration there, for sweepers that do not.

        Processes that a launcher starts find this code even where it is not installed.
        """
        with exit_on_errors():
            self._start_sweep(config)

    def _start_sweep(self, config: DictConfig) -> None:
        check_job_folders(config)
        check_sweep_config(config)
        folder = _resolved(config, "sweep")
        if _starts_anew(config):
            named = _is_named(config, "sweep")
            folder = claim_folder(folder, "hydra.sweep.dir", named=named).absolute()
            with read_write(config.hydra), open_dict(config.hydra):
                config.hydra.sweep.dir = str(folder)
                # Every job composes its configuration from these overrides.
                config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(folder)}")
        hold_sweep(folder)  # `resume_sweep_args` has looked whether somebody holds it
        # As they were typed: of a sweep that is resumed, one refers to the folder of its job.
        typed: Any = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
        jobs = count_jobs(config.hydra.sweeper, typed)
        write_status(folder, "running", **({"jobs": jobs} if jobs else {}))
        # It lists all overrides of a job, those that all jobs share included.
        logging.getLogger("hydra._internal.core_plugins.basic_launcher").setLevel(logging.WARNING)
        with replaced_atomically(folder / "multirun.yaml") as partial:
            OmegaConf.save(config, partial)
        if "resume" in config:
            command = typed_command("train")
            print(f"The sweep: {folder} ({command} -m resume_sweep={folder} resumes it)")
        os.environ.update(import_variables())


def _check_room(folder: Path, config: DictConfig) -> None:
    """Raise an `OSError` that names the folder if it cannot hold what Hydra is about to write."""
    text = OmegaConf.to_yaml(config).encode(errors="backslashreplace")
    with named_in_errors(folder), TemporaryFile(dir=folder) as file:
        file.write(text)


def _resolved(config: DictConfig, mode: str) -> Path:
    """`hydra.run.dir` or `hydra.sweep.dir`, which may refer to Hydra's own configuration."""
    hydra = HydraConfig.instance()
    before = hydra.cfg
    hydra.set_config(config)
    try:
        return Path(expand_home(config.hydra[mode].dir))
    finally:
        hydra.cfg = before


def _starts_anew(config: DictConfig) -> bool:
    """Whether this is neither a resumed run nor a resumed sweep."""
    return "resume" not in config or not (
        OmegaConf.is_interpolation(config, "resume") or config.resume is not None
    )


def _is_named(config: DictConfig, mode: str) -> bool:
    """Whether the user chose the folder's name."""
    overrides = OmegaConf.to_container(config.hydra.overrides.hydra, resolve=False)
    return any(str(o).startswith(f"hydra.{mode}.dir=") for o in overrides or ())
