"""The log's table of what a data set holds, and warnings of what would make its scores wrong."""

import logging
from collections.abc import Collection

from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.data.counts import differences, split_counts
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.pictures import Picture
from reid_lightning.data.set_warnings import (
    equal_picture_warnings,
    label_warnings,
    left_out_warnings,
)
from reid_lightning.data.unreadable import without
from reid_lightning.results.tables import counts_table

log = logging.getLogger(__name__)


@rank_zero_only
def log_split_counts(folder: DatasetFolder, unreadable: Collection[Picture] = ()) -> None:
    """Log the counts of every split, and warn where they or the labels are not as they should be.

    Args:
        folder: of the set.
        unreadable: pictures that are known to be so, and are not compared with others.

    Raises:
        ReIDError: the set is missing, or another picture cannot be read.
    """
    counts = split_counts(folder.official)
    log.info("\n%s", counts_table(folder.title, counts))
    if found := differences(counts, folder.expected or {}):
        log.warning("This is not the official %s: %s.", folder.title, "; ".join(found))
    for joined in folder.join:
        log.info("\n%s", counts_table(f"joined: {joined.title}", split_counts(joined.official)))
        for warning in left_out_warnings(joined.official, joined.left_out):
            log.warning("%s: %s", joined.title, warning)
    for warning in (
        *left_out_warnings(folder.official, folder.left_out),
        *label_warnings(folder.official),
        *equal_picture_warnings(without(folder.official, unreadable)),
    ):
        log.warning("%s: %s", folder.title, warning)
    if folder.used is not folder.official:
        log.info("\n%s", counts_table(f"{folder.validated_on}:", split_counts(folder.used)))
