"""A TensorBoard logger, in a run that may be resumed."""

from typing import Any

from pytorch_lightning.loggers import TensorBoardLogger


def tensorboard_logger(resume_step: int | None = None, **options: Any) -> TensorBoardLogger:
    """A TensorBoard logger.

    Args:
        resume_step: steps that a resumed run has trained; what was logged of later ones is hidden.
        options: as `TensorBoardLogger` takes them.
    """
    return TensorBoardLogger(purge_step=resume_step, **options)
