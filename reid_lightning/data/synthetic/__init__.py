"""The synthetic set: drawn pedestrians in the Market-1501 layout."""

from reid_lightning.data.synthetic.draw_set import draw_synthetic

__all__ = ["draw_synthetic"]
