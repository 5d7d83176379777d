"""The log's table of what a data set holds."""

import logging

from reid_lightning.data.counts import differences, split_counts
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.results.tables import counts_table

log = logging.getLogger(__name__)


def log_split_counts(folder: DatasetFolder) -> None:
    """Log the counts of every split, and warn where they are not the official ones."""
    counts = split_counts(folder.official)
    log.info("\n%s", counts_table(folder.title, counts))
    if found := differences(counts, folder.expected or {}):
        log.warning("This is not the official %s: %s.", folder.title, "; ".join(found))
    if folder.used is not folder.official:
        log.info("\n%s", counts_table(f"{folder.validated_on}:", split_counts(folder.used)))
