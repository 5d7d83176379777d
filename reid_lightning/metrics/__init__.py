"""What a score is: ranking (pure functions) and one thin torchmetrics Metric."""

from reid_lightning.metrics.reid_metric import ReIDMetric

__all__ = ["ReIDMetric"]
