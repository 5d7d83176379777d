"""What training pulls on: mining, triplet, identity loss, the criterion that joins them."""

from reid_lightning.losses.criterion import Criterion, triplet_criterion

__all__ = ["Criterion", "triplet_criterion"]
