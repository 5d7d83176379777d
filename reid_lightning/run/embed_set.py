"""A set's embeddings by a network: from the cache, or by as many processes as are configured."""

import logging
import os
from pathlib import Path

import torch
from filelock import FileLock
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.extractor import Extractor
from reid_lightning.errors import ReIDError
from reid_lightning.files import add_checksum, partial_path, replaced_atomically
from reid_lightning.metrics.finite import check_finite
from reid_lightning.results.status import read_status_file, write_progress
from reid_lightning.run.build import build_trainer
from reid_lightning.run.command_line import rank_command
from reid_lightning.run.glibc_memory import keep_large_blocks
from reid_lightning.run.launch_ranks import run_ranks
from reid_lightning.run.processes import Processes, plan_processes
from reid_lightning.run.trained import Trained
from reid_lightning.run.typed_command import typed_command
from reid_lightning.scoring.embedding_cache import (
    embedding_file,
    holds_embeddings,
    mapped,
    reserve,
)

log = logging.getLogger(__name__)


def embedding_processes(config: DictConfig) -> Processes:
    """The processes of this machine that embed pictures.

    Raises:
        ReIDError: a launcher has started several, or several machines are asked for.
    """
    # All processes write one file, so they must share a machine, and agree that the file is new.
    if config.trainer.get("num_nodes", 1) > 1 or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ReIDError(
            f"{typed_command('evaluate')} starts its own processes on one machine: run it without "
            "torchrun or srun, with trainer.devices=N."
        )
    return plan_processes(config)


def embed_set(
    config: DictConfig, datamodule: ReIDDataModule, trained: Trained, *, flip: bool
) -> tuple[Tensor, float | None]:
    """Embed the official queries and gallery, unless the cache holds their embeddings.

    Args:
        config: the composed configuration of evaluate.py.
        datamodule: of the set.
        trained: the network.
        flip: average over a picture and its mirror image.

    Returns:
        The embeddings [queries + gallery, d], float32, on the device that the trainer uses, and
        how many pictures were embedded in a second; None where they were in the cache.

    Raises:
        ReIDError: as `embedding_processes`, or an embedding is not finite, or the file cannot be
            written.
    """
    processes = embedding_processes(config)
    if processes.on_cpu:
        keep_large_blocks()
    file, shape = _file_and_shape(config, datamodule, trained, processes, flip)
    speed = None
    # Another job that needs this file waits, and finds it.
    with FileLock(file.with_suffix(".lock")):
        if holds_embeddings(file, *shape):
            log.info("Embeddings are in the cache: %s (it may be removed any time).", file)
        else:
            if file.exists():
                log.warning("%s is damaged, or of an earlier version: it is made again.", file)
                file.unlink()
            with replaced_atomically(file) as partial:
                reserve(partial, *shape)
                rows = mapped(partial, *shape, shared=True)
                if processes.count == 1:
                    seconds = _embed(config, datamodule, trained, rows, flip)
                else:
                    commands = [rank_command("evaluate", r) for r in range(processes.count)]
                    run_ranks(commands, torch.get_num_threads())
                    seconds = read_status_file(_folder())["embedding_seconds"]
                speed = round(len(rows) / seconds, 1)
                log.info("Embedded %d pictures: %.1f images per second.", len(rows), speed)
                check_finite(rows)
                add_checksum(partial)
    embeddings = mapped(file, *shape, shared=False)
    if (device := processes.devices[0]).type == "cuda":
        embeddings = embeddings.to(device)
    return embeddings, speed


def embed_share(
    config: DictConfig, datamodule: ReIDDataModule, trained: Trained, *, flip: bool
) -> None:
    """Write one rank's share of the embeddings into the file that `embed_set` has reserved."""
    processes = plan_processes(config)
    if processes.on_cpu:
        keep_large_blocks()
    file, shape = _file_and_shape(config, datamodule, trained, processes, flip)
    rows = mapped(partial_path(file), *shape, shared=True)
    seconds = _embed(config, datamodule, trained, rows, flip)
    rank_zero_only(write_progress)(_folder(), embedding_seconds=seconds)


def _folder() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)


def _file_and_shape(
    config: DictConfig,
    datamodule: ReIDDataModule,
    trained: Trained,
    processes: Processes,
    flip: bool,
) -> tuple[Path, tuple[int, int]]:
    official = datamodule.folder.official
    pictures = [sample.picture for sample in (*official.query, *official.gallery)]
    file = embedding_file(
        Path(config.data.cache),
        trained.digest,
        pictures,
        size=(datamodule.height, datamodule.width),
        device=processes.hardware,
        precision=str(config.trainer.precision),
        flip=flip,
        network=trained.source,
    )
    return file, (len(pictures), trained.model.embedding_size)


def _embed(
    config: DictConfig, datamodule: ReIDDataModule, trained: Trained, rows: Tensor, flip: bool
) -> float:
    trainer = build_trainer(config)
    extractor = Extractor(trained.model, rows, flip=flip)
    trainer.predict(extractor, datamodule, return_predictions=False)
    return extractor.seconds
