"""`best.ckpt`: the checkpoint of the epoch with the best validation score."""

from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint


class BestCheckpoint(ModelCheckpoint):
    """Lightning's callback, in a run's folder that may be moved or copied before a resume.

    Lightning keeps absolute paths: in another folder it forgets the best score, and it would load
    the weights of whatever run is at the old path now. Here the paths are relative to `dirpath`.
    """

    def state_dict(self) -> dict[str, Any]:
        """The state with the names of files in place of their paths."""
        state = super().state_dict()
        return state | {
            "dirpath": "",
            "best_model_path": _name(state["best_model_path"]),
            "kth_best_model_path": _name(state["kth_best_model_path"]),
            "last_model_path": _name(state["last_model_path"]),
            "best_k_models": {_name(path): s for path, s in state["best_k_models"].items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state for the files in `dirpath`, if the best one is there."""
        folder = Path(self.dirpath or "")
        if not (folder / _name(state_dict["best_model_path"])).is_file():
            return  # nothing to compare with: the next validation is the best
        state = state_dict | {
            "dirpath": self.dirpath,
            "best_k_models": {
                _path(folder, name): s for name, s in state_dict["best_k_models"].items()
            },
        }
        for key in ("best_model_path", "kth_best_model_path", "last_model_path"):
            state[key] = _path(folder, state_dict[key])
        super().load_state_dict(state)


def _name(path: str) -> str:
    return Path(path).name if path else ""


def _path(folder: Path, name: str) -> str:
    return str(folder / _name(name)) if name else ""
