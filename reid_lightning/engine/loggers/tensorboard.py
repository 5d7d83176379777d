"""A TensorBoard logger, in a run that may be resumed."""

from pathlib import Path
from typing import TypedDict

from pytorch_lightning.loggers import TensorBoardLogger
from typing_extensions import Required, Unpack

from reid_lightning.signatures import Count, checked


class TensorBoardOptions(TypedDict, total=False):
    """The arguments of `TensorBoardLogger`, and of the writer that it makes when it first logs."""

    save_dir: Required[str | Path]
    name: str | None
    version: int | str | None
    log_graph: bool
    default_hp_metric: bool
    prefix: str
    sub_dir: str | None
    comment: str
    max_queue: Count
    flush_secs: Count
    filename_suffix: str


@checked("logger")
def tensorboard_logger(
    resume_step: int | None = None, **options: Unpack[TensorBoardOptions]
) -> TensorBoardLogger:
    """A TensorBoard logger.

    Args:
        resume_step: steps that a resumed run has trained; logs of later steps are hidden.
        options: of `TensorBoardLogger`.
    """
    return TensorBoardLogger(purge_step=resume_step, **options)
