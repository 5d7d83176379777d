"""What pytorch-metric-learning says about its arguments while training is a sentence."""

import pytest
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner

from reid_lightning.errors import ReIDError
from reid_lightning.losses.pml import PMLLoss


def test_a_loss_that_cannot_work_is_a_sentence() -> None:
    loss = PMLLoss(MultiSimilarityLoss(), MultiSimilarityMiner())
    with pytest.raises(ReIDError, match=r"MultiSimilarityLoss of pytorch-metric-learning fails"):
        loss(torch.randn(8, 4), torch.arange(7) // 2)
