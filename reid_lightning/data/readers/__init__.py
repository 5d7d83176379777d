"""Readers: one file for each layout of pictures on disk."""

from reid_lightning.data.readers.folders import read_folders
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.readers.msmt17 import read_msmt17
from reid_lightning.data.readers.table import read_table

__all__ = ["read_folders", "read_market1501", "read_msmt17", "read_table"]
