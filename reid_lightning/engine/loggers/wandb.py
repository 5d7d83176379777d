"""A W&B logger, in a run that may be resumed."""

import hashlib
import logging
import netrc
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning.loggers import WandbLogger

from reid_lightning.errors import ReIDError
from reid_lightning.results.metrics_json import git_revision
from reid_lightning.results.run_card import flat_config, run_card
from reid_lightning.signatures import checked

log = logging.getLogger(__name__)

_LONGEST = 128  # letters of a name that W&B takes
BEST = ("val/mAP", "val/rank1")  # the summary shows these metrics' best epoch


@checked("logger")
def wandb_logger(
    save_dir: str,
    mode: Literal["auto", "online", "offline"] = "auto",
    checkpoint: bool = False,
    resume_step: int | None = None,
    **options: Any,
) -> "Dashboard":
    """A W&B logger.

    Args:
        save_dir: the run's folder; its `run_card` gives name, group and tags.
        mode: `online`, `offline`, or `auto`: WANDB_MODE, else online if there is a login, else
            offline, which is logged.
        checkpoint: upload the best checkpoint, too.
        resume_step: steps that a resumed run has trained, which continues the W&B run in its
            folder; none for a new run.
        options: of `WandbLogger` and `wandb.init`; those that are none are chosen here.

    Raises:
        ReIDError: `mode` is unknown.
    """
    chosen_mode = os.environ.get("WANDB_MODE") if mode == "auto" else mode
    if chosen_mode is None and not _logged_in():
        chosen_mode = "offline"
        log.info("W&B: no login was found, so the run stays offline (log in with: wandb login).")
    if resume_step is not None and (runs := list(Path(save_dir).glob("wandb/*run-*-*"))):
        # run-DATE-ID or offline-run-DATE-ID, with one ID, which may hold dashes, in every folder.
        options["id"] = runs[0].name.removeprefix("offline-").split("-", 2)[2]
    _leave_unwritable_home()
    card = run_card(Path(save_dir))
    chosen = {
        "project": os.environ.get("WANDB_PROJECT", "reid-lightning"),
        "name": os.environ.get("WANDB_NAME", card.name[:_LONGEST]),
        "group": card.group and _group_name(card.group),
        "tags": [tag for tag in card.tags if len(tag) <= 64],
        "config": {**card.choices, "git_revision": git_revision()},
        "settings": {"disable_git": True},  # a remote's address may hold a token
    }
    options = chosen | {name: value for name, value in options.items() if value is not None}
    return Dashboard(save_dir=save_dir, mode=chosen_mode, log_model=checkpoint, **options)


class Dashboard(WandbLogger):
    """A W&B run with epochs as the axis of every curve, and the best scores as its summary."""

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The W&B run; the first call starts it.

        Raises:
            ReIDError: W&B refuses to start it.
        """
        if self._experiment is None:
            from wandb.errors import Error  # takes a second: only for runs that use it

            try:
                with _without_token():
                    run = super().experiment
            except (Error, TypeError) as error:  # TypeError: an option that it has not
                message = " ".join(str(error).split()).rstrip(".")
                online = self._wandb_init.get("mode") != "offline"
                hint = " Use logger.mode=offline to train without it." if online else ""
                raise ReIDError(f"W&B does not start: {message}.{hint}") from error
            # Epochs, not steps: runs with other batch sizes or process counts stay comparable.
            run.define_metric("*", step_metric="epoch", overwrite=True)
            for axis in ("epoch", "trainer/global_step"):
                run.define_metric(axis, hidden=True, overwrite=True)
            for name in BEST:
                run.define_metric(name, step_metric="epoch", summary="max")
        return self._experiment

    def log_hyperparams(self, params: Any) -> None:
        """Log them as one flat mapping."""
        super().log_hyperparams(flat_config(params))


def _group_name(group: str) -> str:
    """A name that W&B takes, still another for another group."""
    if len(group) <= _LONGEST:
        return group
    end = hashlib.blake2b(group.encode(errors="backslashreplace"), digest_size=4).hexdigest()
    return f"{group[: _LONGEST - len(end) - 1]} {end}"


def finish_wandb(exit_code: int = 0) -> None:
    """End the W&B run of this job, so that the next job of a sweep starts its own."""
    wandb = sys.modules.get("wandb")  # not imported where no run uses it
    if wandb is None or wandb.run is None:
        return
    folder, offline = Path(wandb.run.dir).parents[1], wandb.run.offline
    wandb.finish(exit_code)
    if offline:
        log.info("W&B: to upload this run: wandb sync %s/offline-run-*", shlex.quote(str(folder)))


@contextmanager
def _without_token() -> Iterator[None]:
    """Hide the user's SLURM token: W&B's process records every SLURM_… variable."""
    token = os.environ.pop("SLURM_JWT", None)
    try:
        yield
    finally:
        if token is not None:
            os.environ["SLURM_JWT"] = token


def _leave_unwritable_home() -> None:
    """Have W&B's own files elsewhere than in a home that cannot be written."""
    if not os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111
        folder = Path(tempfile.gettempdir()) / f"wandb-{os.getuid()}"
        for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            os.environ.setdefault(name, str(folder))


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
