import pytest
import torch

from reid_lightning import parallel
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.finite import check_finite


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_every_chunk_is_checked(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 4 * 8 * 2)  # two rows
    for row in range(5):
        embeddings = torch.ones(5, 8)
        check_finite(embeddings)
        embeddings[row, 3] = value
        with pytest.raises(ReIDError, match=r"not finite: .* lower optimizer\.lr and train again"):
            check_finite(embeddings)


def test_no_embeddings_are_finite() -> None:
    check_finite(torch.empty(0, 8))
