"""Writers: a set in another layout, one file for each."""

from reid_lightning.data.writers.market1501 import write_market1501
from reid_lightning.data.writers.table import write_table

__all__ = ["write_market1501", "write_table"]
