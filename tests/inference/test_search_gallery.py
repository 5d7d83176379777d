"""A search finds what an evaluation ranks first."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reid_lightning.data.pictures import Picture
from reid_lightning.distances import unit_norm
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.inference.search import search_gallery
from reid_lightning.retrieval import EmbeddedSet, NeighbourMean, Rerank, Retrieval

MADE_BY = MadeBy("model", 256, 128, False, "float32")


def table(names: list[str], embeddings: torch.Tensor) -> EmbeddingTable:
    pictures = [ListedPicture(Picture(Path(name))) for name in names]
    versions = [FileVersion(1, 1)] * len(names)
    return EmbeddingTable(pictures, versions, unit_norm(embeddings).numpy(), MADE_BY)


def two_sets() -> tuple[EmbeddingTable, EmbeddingTable]:
    torch.manual_seed(0)
    centers = torch.randn(6, 8)
    gallery = centers.repeat(7, 1) + 0.4 * torch.randn(42, 8)
    queries = table([f"q{n}" for n in range(6)], centers + 0.4 * torch.randn(6, 8))
    return queries, table([f"g{n}" for n in range(42)], gallery)


STEPS = {
    "none": Retrieval(),
    "expansion": Retrieval(expansion=NeighbourMean(3, 1.0)),
    "database": Retrieval(database=NeighbourMean(3, 1.0)),
    "rerank": Retrieval(rerank=Rerank(5, 2, 0.3)),
    "both": Retrieval(expansion=NeighbourMean(3, 1.0), rerank=Rerank(5, 2, 0.3)),
}


@pytest.mark.parametrize("name", STEPS)
def test_results_are_in_the_order_of_the_ranked_distances(name: str) -> None:
    queries, gallery = two_sets()
    found = search_gallery(queries, gallery, 9, STEPS[name])
    x, y = map(torch.from_numpy, (queries.embeddings, gallery.embeddings))
    unknown = torch.full((42,), -1)
    sets = (
        EmbeddedSet(x, unknown[:6], unknown[:6], unknown[:6]),
        EmbeddedSet(y, unknown, unknown, unknown),
    )
    new_x, new_y = STEPS[name].embeddings(*sets, normalize=True)
    sets = sets[0]._replace(embeddings=new_x), sets[1]._replace(embeddings=new_y)
    distances = (
        -(new_x.double() @ new_y.double().T)
        if STEPS[name].uses_raw_distances
        else torch.cat([*STEPS[name].distances(*sets)])
    )
    for row, result in enumerate(found):
        order = distances[row].argsort(stable=True)[:9].tolist()
        assert [f.picture.picture.path.name for f in result.found] == [f"g{n}" for n in order]
        cosines = queries.embeddings[row] @ gallery.embeddings[order].T
        np.testing.assert_allclose([f.similarity for f in result.found], cosines, atol=1e-6)


@pytest.mark.parametrize("name", ["none", "rerank"])
def test_a_query_does_not_find_itself(name: str) -> None:
    queries, gallery = two_sets()
    both = EmbeddingTable(
        [*queries.pictures, *gallery.pictures, queries.pictures[0]],
        [FileVersion(1, 1)] * 49,
        np.concatenate([queries.embeddings, gallery.embeddings, queries.embeddings[:1]]),
        MADE_BY,
    )
    found = search_gallery(queries, both, 100, STEPS[name])
    for result, own in zip(found, [2, 1, 1, 1, 1, 1], strict=True):
        assert len(result.found) == 49 - own
        assert result.query.picture not in [f.picture.picture for f in result.found]
    few = search_gallery(queries, both, 3, STEPS[name])
    assert [r.found for r in few] == [r.found[:3] for r in found]


def test_a_gallery_in_half_precision_is_searched() -> None:
    queries, gallery = two_sets()
    half = gallery._replace(embeddings=gallery.embeddings.astype(np.float16))
    for result, expected in zip(
        search_gallery(queries, half, 5, Retrieval()),
        search_gallery(queries, gallery, 5, Retrieval()),
        strict=True,
    ):
        assert result.found[0].picture == expected.found[0].picture
