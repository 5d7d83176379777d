"""A set's embeddings by a checkpoint: from the cache, or by as many processes as are configured."""

import logging
import os
from contextlib import nullcontext
from pathlib import Path

from filelock import FileLock
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.extractor import Extractor
from reid_lightning.errors import ReIDError
from reid_lightning.files import partial_path, replaced_atomically
from reid_lightning.metrics.finite import check_finite
from reid_lightning.run.build import build_trainer
from reid_lightning.run.command_line import rank_command
from reid_lightning.run.glibc_memory import keep_large_blocks
from reid_lightning.run.launch_ranks import process_ranks
from reid_lightning.run.load_trained import Trained
from reid_lightning.run.processes import plan_processes
from reid_lightning.scoring.embedding_cache import embedding_file, is_complete, mapped, reserve

log = logging.getLogger(__name__)


def embed_set(
    config: DictConfig, datamodule: ReIDDataModule, trained: Trained, *, flip: bool
) -> tuple[Tensor, bool] | None:
    """Embed the official queries and gallery, unless the cache holds their embeddings.

    Args:
        config: the composed configuration of evaluate.py.
        datamodule: of the set.
        trained: of `config.checkpoint`.
        flip: average over a picture and its mirror image.

    Returns:
        The embeddings [queries + gallery, d], float32, on the device that the trainer uses, and
        whether they were in the cache; None in all processes but the first.

    Raises:
        ReIDError: a launcher has started several processes, an embedding is not finite, or the file
            cannot be written.
    """
    # All processes write one file, so they must share a machine, and agree that the file is new.
    first = getattr(rank_zero_only, "rank", 0) == 0
    if config.trainer.get("num_nodes", 1) > 1 or (
        first and int(os.environ.get("WORLD_SIZE", "1")) > 1
    ):
        raise ReIDError(
            "evaluate.py starts its own processes on one machine: run it without torchrun or srun, "
            "with trainer.devices=N."
        )
    official = datamodule.folder.official
    paths = [sample.path for sample in (*official.query, *official.gallery)]
    processes = plan_processes(config)
    if processes.on_cpu:
        keep_large_blocks()
    file = embedding_file(
        Path(config.data.cache),
        Path(config.checkpoint),
        paths,
        size=(datamodule.height, datamodule.width),
        device=processes.hardware,
        precision=str(config.trainer.precision),
        flip=flip,
        network=trained.source,
    )
    shape = len(paths), trained.model.embedding_size
    # Held by the first process for all: another job that needs this file waits, and finds it.
    with FileLock(file.with_suffix(".lock")) if first else nullcontext():
        cached = is_complete(file, *shape)
        if cached:
            log.info("Embeddings are in the cache: %s (it may be removed any time).", file)
        fills = first and not cached
        with replaced_atomically(file) if fills else nullcontext(partial_path(file)) as partial:
            if fills:
                reserve(partial, *shape)
            with process_ranks(rank_command("evaluate"), 1 if cached else processes.count):
                trainer = build_trainer(config)
                if not cached:
                    rows = mapped(partial, *shape, shared=True)
                    extractor = Extractor(trained.model, rows, flip=flip)
                    trainer.predict(extractor, datamodule, return_predictions=False)
                    trainer.strategy.barrier()
                    if trainer.is_global_zero:
                        check_finite(rows)
    if not trainer.is_global_zero:
        return None
    embeddings = mapped(file, *shape, shared=False)
    if (device := trainer.strategy.root_device).type == "cuda":
        embeddings = embeddings.to(device)
    return embeddings, cached
