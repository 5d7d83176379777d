"""The command `search`: pictures searched in a gallery."""

import logging
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.inference.approximate import approximate_nearest
from reid_lightning.inference.calibration import AbsentThreshold, Calibration
from reid_lightning.inference.embed_pictures import embed_pictures
from reid_lightning.inference.embedding_table import EmbeddingTable
from reid_lightning.inference.picture_list import list_all
from reid_lightning.inference.result_files import result_table, write_csv, write_page
from reid_lightning.inference.search import (
    SearchResult,
    own_rows,
    results,
    search_gallery,
)
from reid_lightning.retrieval import Retrieval
from reid_lightning.run.find_calibration import NotCalibrated, find_calibration
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_gallery import load_gallery
from reid_lightning.run.load_model import load_model
from reid_lightning.run.load_retrieval import load_retrieval
from reid_lightning.run.model_source import ModelSource
from reid_lightning.signatures import Count, FilePath, Text, checked

log = logging.getLogger(__name__)


@checked("search")
def search(
    *,
    query: FilePath | list[FilePath],
    gallery: FilePath | list[FilePath],
    k: Count = 10,
    retrieval: list[Text] = [],  # noqa: B006 -- shown as the default, never changed
    index: Literal["exact", "faiss"] = "exact",
    out: FilePath | None = "search",
    cache: FilePath | None = None,
    batch_size: Count | None = None,
    calibration: FilePath | None = None,
    **source: Unpack[ModelSource],
) -> list[SearchResult]:
    """Search pictures in a gallery: `reid search checkpoint=RUN query=who.jpg gallery=FOLDER`.

    A query that is in the gallery itself is left out of its results.

    Args:
        query: a picture, a folder of them, a table with a column `path`, or a list of these.
        gallery: the same, or a file that `reid embed` has written. The embeddings of a folder are
            kept in `cache`, so that the next search embeds its new pictures alone.
        k: how many pictures to find for each query.
        retrieval: steps as of an evaluation: flip, expansion, database, rerank;
            retrieval.rerank.k1=10 and the like set their options.
        index: exact; or faiss (pip install faiss-cpu) for galleries of millions, nearly exact.
        out: the folder of search.csv and search.html; null: none is written.
        cache: the folder of embeddings of galleries; null: REID_CACHE, or ~/.cache/reid-lightning.
        batch_size: the most pictures that are embedded at a time; null: 128 on a CPU, 512 on a GPU.
        calibration: what similarities of this model mean, a calibration.json that its training has
            written with data.val_identities=100; null: that of its run's folder.

    Returns:
        For each query the pictures found.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    of_steps = [o for o in source.get("options", []) if o.lstrip("+~").startswith("retrieval.")]
    steps = load_retrieval(retrieval, of_steps)
    if index == "faiss" and not (steps.uses_raw_embeddings and steps.uses_raw_distances):
        raise ReIDError("index=faiss ranks by the embeddings alone: leave retrieval= out but flip.")
    source["options"] = [o for o in source.get("options", []) if o not in of_steps]
    model = load_model(**source)
    meaning = find_calibration(model, source.get("checkpoint"), calibration)
    embedding = partial(embed_pictures, model, flip=steps.flip, batch_size=batch_size)
    embedded = load_gallery(model, gallery, flip=steps.flip, cache=cache, batch_size=batch_size)
    with tempfile.TemporaryDirectory() as folder:
        queries = embedding(list_all(query), Path(folder) / "query.parquet")
    gib = embedded.embeddings.nbytes / 2**30
    log.info("Gallery: %s pictures, %.2f GiB of embeddings.", f"{len(embedded.pictures):,}", gib)
    threshold = _threshold(meaning, len(embedded.pictures), steps)
    if isinstance(threshold, NotCalibrated):
        log.info("Whether somebody is not in the gallery is %s.", threshold)
    found = _search(queries, embedded, k, steps, index)
    if isinstance(threshold, AbsentThreshold):
        found = [result._replace(threshold=threshold) for result in found]
    if out is not None:
        folder_out = Path(out).expanduser()
        folder_out.mkdir(parents=True, exist_ok=True)
        write_csv(found, folder_out / "search.csv")
        about = (
            f"{len(queries.pictures):,} searched among {len(embedded.pictures):,} pictures of "
            f"{gallery if isinstance(gallery, str | Path) else ', '.join(map(str, gallery))}."
        )
        write_page(found, folder_out / "search.html", about)
        log.info("Results: %s and search.html", folder_out / "search.csv")
    return found


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    run_function("search", search, arguments, lambda found: print(result_table(found)))


def _threshold(
    meaning: Calibration | NotCalibrated, gallery: int, steps: Retrieval
) -> AbsentThreshold | NotCalibrated:
    """Below which nothing says that somebody is in the gallery, or why that is not known."""
    if isinstance(meaning, NotCalibrated):
        return meaning
    if steps.flip or not (steps.uses_raw_embeddings and steps.uses_raw_distances):
        return NotCalibrated("similarities were measured without retrieval=[…]")
    return meaning.absent_threshold(gallery) or NotCalibrated(meaning.too_large)


def _search(
    queries: EmbeddingTable, gallery: EmbeddingTable, k: int, steps: Retrieval, index: str
) -> list[SearchResult]:
    if index == "exact":
        return search_gallery(queries, gallery, k, steps)
    own = own_rows(queries.pictures, gallery.pictures)
    wanted = k + max(map(len, own), default=0)
    x = torch.from_numpy(queries.embeddings.astype(np.float32, copy=False))
    near = approximate_nearest(x, torch.from_numpy(gallery.embeddings), wanted)
    log.info(
        "faiss: %.1f%% of the exact results are found; index built in %.1f s, searched in %.3f s.",
        100 * near.recall,
        near.build_seconds,
        near.search_seconds,
    )
    return results(queries.pictures, gallery.pictures, near.found, own, k)
