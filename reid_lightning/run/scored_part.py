"""Whether anything can be scored: found before a training, not after its first epoch."""

from dataclasses import replace

from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.eval_batches import eval_batch_size, eval_batches
from reid_lightning.data.sample import JUNK_PID, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.run.processes import Processes


def check_validation(config: DictConfig, datamodule: ReIDDataModule, processes: Processes) -> None:
    """Raise a `ReIDError` if a validation is planned, and none of its queries has a match."""
    folder, limit = datamodule.folder, batch_limit(config.trainer, "val")
    if is_validated(config.trainer):
        part = _scored_part(folder.used, limit, datamodule.eval_batch_size, processes)
        _check_matches(
            part,
            f"the pictures validated on ({folder.validated_on})",
            limit,
            _limit_key(config.trainer, "val"),
        )


def check_test(config: DictConfig, datamodule: ReIDDataModule, processes: Processes) -> None:
    """Raise a `ReIDError` if no query of the test has a match."""
    folder, limit = datamodule.folder, batch_limit(config.trainer, "test")
    part = _scored_part(folder.official, limit, datamodule.eval_batch_size, processes)
    _check_matches(
        part, f"the query and gallery of {folder.title}", limit, _limit_key(config.trainer, "test")
    )


def check_evaluation(config: DictConfig, datamodule: ReIDDataModule) -> None:
    """Raise a `ReIDError` if pictures would be left out, or no query has a match."""
    if (limit := batch_limit(config.trainer, "predict")) != 1.0 or isinstance(limit, int):
        raise ReIDError(
            f"An evaluation embeds every picture: trainer.limit_predict_batches={limit} (or "
            "trainer.fast_dev_run) would leave pictures out. Leave it away."
        )
    folder = datamodule.folder
    _check_matches(folder.official, f"the query and gallery of {folder.title}", 1.0)


def is_validated(trainer: DictConfig) -> bool:
    """Whether any epoch of a training is validated."""
    every, epochs = trainer.get("check_val_every_n_epoch"), trainer.max_epochs
    too_late = isinstance(every, int) and isinstance(epochs, int) and 0 < epochs < every
    return not too_late and batch_limit(trainer, "val") != 0


def batch_limit(trainer: DictConfig, stage: str) -> float:
    """`trainer.limit_…_batches` of a stage: a number of batches (int), or a share of them."""
    if tries := trainer.get("fast_dev_run"):
        return int(tries)
    if stage in ("train", "val") and (few := trainer.get("overfit_batches")):
        return float(few) if isinstance(few, float) else int(few)
    limit = trainer.get(f"limit_{stage}_batches")
    return 1.0 if limit is None else limit


def _scored_part(splits: Splits, limit: float, choice: int | None, processes: Processes) -> Splits:
    """The queries and gallery among the first batches of every rank."""
    queries, pictures = len(splits.query), [*splits.query, *splits.gallery]
    size = eval_batch_size(choice, processes.devices[0])
    indices, world_size = set[int](), processes.world_size
    for rank in range(world_size):
        batches = eval_batches(len(pictures), size, rank=rank, world_size=world_size)
        count = limit if isinstance(limit, int) else int(len(batches) * limit)
        indices.update(i for batch in batches[:count] for i in batch)
    query = tuple(pictures[i] for i in sorted(indices) if i < queries)
    gallery = tuple(pictures[i] for i in sorted(indices) if i >= queries)
    return replace(splits, train=(), query=query, gallery=gallery)


def _limit_key(trainer: DictConfig, stage: str) -> str:
    """The key that `batch_limit` is of."""
    if trainer.get("fast_dev_run"):
        return "trainer.fast_dev_run"
    if stage == "val" and trainer.get("overfit_batches"):
        return "trainer.overfit_batches"
    return f"trainer.limit_{stage}_batches"


def _check_matches(splits: Splits, pictures: str, limit: float, key: str = "") -> None:
    cameras: dict[int, set[int]] = {}
    for sample in splits.gallery:
        cameras.setdefault(sample.pid, set()).add(sample.camid)
    if any(q.pid != JUNK_PID and cameras.get(q.pid, set()) - {q.camid} for q in splits.query):
        return
    whole = limit == 1.0 and isinstance(limit, float)
    raise ReIDError(
        f"No query has a match{' from another camera' if splits.has_cameras else ''} in "
        f"{pictures}: nothing can be scored. "
        + (
            "Check its identities and cameras."
            if whole
            else f"{key}={limit} leaves too few batches: raise it."
        )
    )
