"""Checkpoint files that are complete or absent, whenever a run is killed."""

from pathlib import Path
from typing import Any

from pytorch_lightning.plugins.io import TorchCheckpointIO

from reid_lightning.files import save_file


class AtomicCheckpointIO(TorchCheckpointIO):
    """Replaces checkpoint files atomically.

    Lightning's own class writes to the system's temporary folder and moves the file from there: on
    another disk (or a /tmp in memory) that is a copy, which a kill can cut short.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Replace `path` by `checkpoint`."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(checkpoint, path)
