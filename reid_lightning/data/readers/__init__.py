"""Readers: one file for each layout of pictures on disk."""

from reid_lightning.data.readers.market1501 import read_market1501

__all__ = ["read_market1501"]
