import torch

from reid_lightning.retrieval.embedded_set import EmbeddedSet
from reid_lightning.retrieval.multi_query import multi_query


def pictures(*rows: tuple[float, int, int]) -> EmbeddedSet:
    values, pids, camids = zip(*rows, strict=True)
    embeddings = torch.tensor([[v, 1.0] for v in values])
    return EmbeddedSet(embeddings, torch.tensor(pids), torch.tensor(camids), -torch.ones(len(rows)))


def test_a_query_is_the_mean_of_its_persons_pictures_by_its_camera() -> None:
    query = pictures((1.0, 7, 0), (3.0, 7, 0), (5.0, 7, 1), (9.0, 8, 0))
    gallery = pictures((8.0, 7, 0), (0.0, 7, 2), (7.0, 7, 1), (2.0, 0, 0))
    means = multi_query(query, gallery)
    assert means[:, 0].tolist() == [4.0, 4.0, 6.0, 9.0]
    assert means[:, 1].tolist() == [1.0] * 4


def test_a_query_with_one_picture_is_unchanged() -> None:
    query, gallery = pictures((1.0, 7, 0), (2.0, 8, 1)), pictures((5.0, 7, 1), (6.0, 8, 0))
    assert torch.equal(multi_query(query, gallery), query.embeddings)
