"""A TensorBoard logger, in a run that may be resumed."""

from typing import Any

from pytorch_lightning.loggers import TensorBoardLogger


def tensorboard_logger(resume_step: int | None = None, **options: Any) -> TensorBoardLogger:
    """A TensorBoard logger.

    Args:
        resume_step: steps that a resumed run has trained; logs of later steps are hidden.
        options: of `TensorBoardLogger`.
    """
    return TensorBoardLogger(purge_step=resume_step, **options)
