"""A W&B logger, in a run that may be resumed."""

import logging
import netrc
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning.loggers import WandbLogger

from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.results.metrics_json import git_revision
from reid_lightning.results.run_card import flat, run_card

log = logging.getLogger(__name__)

BEST = ("val/mAP", "val/rank1")  # of which the best epoch's is what counts


def wandb_logger(
    save_dir: str,
    mode: str = "auto",
    checkpoint: bool = False,
    resume_step: int | None = None,
    **options: Any,
) -> "Dashboard":
    """A W&B logger.

    Args:
        save_dir: the run's folder; its `run_card` is what the run is found by.
        mode: `online`, `offline`, or `auto`: what WANDB_MODE says, else online where there is a
            login, else offline, which it says.
        checkpoint: upload the best checkpoint, too.
        resume_step: none, or of a resumed run, which goes on with the W&B run in its folder.
        options: as `WandbLogger` and `wandb.init` take them; one that is none is chosen here.

    Raises:
        ReIDError: there is no such `mode`.
    """
    check_choice("logger.mode", mode, ("auto", "online", "offline"))
    given = os.environ.get("WANDB_MODE") if mode == "auto" else mode
    if given is None and not _logged_in():
        given = "offline"
        log.info("W&B: nobody is logged in here, so the run is kept offline (wandb login).")
    if resume_step is not None and (runs := list(Path(save_dir).glob("wandb/*run-*-*"))):
        options["id"] = runs[0].name.rsplit("-", 1)[-1]  # run-DATE-ID, the same in all of them
    card = run_card(Path(save_dir))
    chosen = {
        "name": card.name[:128],  # what W&B takes, as of tags
        "group": card.group,
        "tags": [tag for tag in card.tags if len(tag) <= 64],
        "config": {**card.choices, "git_revision": git_revision()},
        "settings": {"disable_git": True},  # its remote's address may hold a token
    }
    options = chosen | {name: value for name, value in options.items() if value is not None}
    return Dashboard(save_dir=save_dir, mode=given, log_model=checkpoint, **options)


class Dashboard(WandbLogger):
    """A W&B run whose workspace needs no editing: epochs below every curve, the best as summary."""

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The W&B run; it starts with the first call.

        Raises:
            ReIDError: W&B refuses to start it.
        """
        if self._experiment is None:
            from wandb.errors import Error  # imported only where a run uses it: that takes a second

            try:
                with _without_token():
                    run = super().experiment
            except Error as error:
                told = " ".join(str(error).split()).rstrip(".")
                raise ReIDError(
                    f"W&B does not start: {told}. logger.mode=offline trains without its server."
                ) from error
            # Not a step: batches of other sizes, and other numbers of processes, would not compare.
            run.define_metric("*", step_metric="epoch", overwrite=True)
            for axis in ("epoch", "trainer/global_step"):
                run.define_metric(axis, hidden=True, overwrite=True)
            for name in BEST:
                run.define_metric(name, step_metric="epoch", summary="max")
        return self._experiment

    def log_hyperparams(self, params: Any) -> None:
        """Log them flat."""
        super().log_hyperparams(flat(params))


def finish_wandb(exit_code: int = 0) -> None:
    """End the W&B run of this job, so that the next job of a sweep starts one of its own."""
    wandb = sys.modules.get("wandb")  # where no run uses it, it is not imported
    if wandb is None or wandb.run is None:
        return
    folder, offline = Path(wandb.run.dir).parents[1], wandb.run.offline
    wandb.finish(exit_code)
    if offline:
        log.info("W&B: to upload this run: wandb sync %s/offline-run-*", shlex.quote(str(folder)))


@contextmanager
def _without_token() -> Iterator[None]:
    """Hide SLURM's token of the user: W&B's process records every SLURM_… variable it sees."""
    token = os.environ.pop("SLURM_JWT", None)
    try:
        yield
    finally:
        if token is not None:
            os.environ["SLURM_JWT"] = token


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
