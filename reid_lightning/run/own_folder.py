"""A job's own folder, while the job runs: its lock, and its state."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.files import named_in_errors
from reid_lightning.results.status import (
    read_status_file,
    this_process,
    write_progress,
    write_status,
)
from reid_lightning.run.run_lock import run_lock
from reid_lightning.run.user_errors import as_stop, clear_message, in_sweep, type_and_text


@contextmanager
def own_folder(*, resumes: bool) -> Iterator[None]:
    """Hold the folder of the job that Hydra runs, and write into its status.json how it ends.

    A job that ends well also leaves its `seconds` there.

    Args:
        resumes: the run there goes on; one that is finished may have nothing left to do.

    Raises:
        ReIDError: another process holds it.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    if getattr(rank_zero_only, "rank", 0) != 0:
        with _recorded(folder):
            yield
        return
    with run_lock(folder):
        started, before = time.monotonic(), read_status_file(folder).get("state")
        if resumes and before == "finished":
            write_progress(folder, **this_process())
        else:
            write_status(folder, "running")
        with _recorded(folder):
            yield
        if before != "finished":  # else nothing was left to do
            write_progress(folder, seconds=round(time.monotonic() - started, 1))


@contextmanager
def _recorded(folder: Path) -> Iterator[None]:
    try:
        with named_in_errors(folder):  # else what a library writes there has no name
            yield
    except BaseException as error:
        # The first of a launcher's ranks to fail says why: what follows from it is not written.
        state = read_status_file(folder).get("state")
        if as_stop(error) is not None:
            if state == "running":
                write_status(folder, "stopped")
        elif state == "running" or in_sweep():
            write_status(folder, "failed", message=clear_message(error) or type_and_text(error))
        raise
