"""The mAP of a model in use, on people whom it was not trained on, and its calibration by them."""

import numpy as np
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.sample import Splits
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.fit_calibration import fit_calibration
from reid_lightning.retrieval import Retrieval
from reid_lightning.scoring.embedded_samples import embedded_set
from reid_lightning.scoring.score_sets import score_sets


def embed_held_out(model: EmbeddingModel, datamodule: ReIDDataModule) -> Tensor:
    """The embeddings of queries and gallery: of held-out people if there are any, else official."""
    splits = datamodule.folder.used
    pictures = [s.picture for s in (*splits.query, *splits.gallery)]
    return model(pictures, batch_size=datamodule.eval_batch_size)


def mean_average_precision(embeddings: Tensor, splits: Splits) -> float:
    """The mAP by the cosine, of the embeddings of queries and gallery."""
    count = len(splits.query)
    outcome = score_sets(
        embedded_set(splits.query, embeddings[:count]),
        embedded_set(splits.gallery, embeddings[count:]),
        Retrieval(),
        distance="cosine",
    )
    return outcome.scores["mAP"]


def calibrate(
    model: EmbeddingModel, embeddings: Tensor, datamodule: ReIDDataModule
) -> Calibration | None:
    """What similarities mean, by the held-out people; None where they are too few.

    Args:
        model: whose embeddings these are.
        embeddings: of `embed_held_out`.
        datamodule: with held-out people.
    """
    splits = datamodule.folder.used
    samples = [*splits.query, *splits.gallery]
    camids = np.array([s.camid for s in samples])
    pids = np.array([s.pid for s in samples])
    fitted = fit_calibration(embeddings.numpy(), pids, camids)
    if fitted is None:
        return None
    return Calibration(
        model=model.digest,
        height=model.height,
        width=model.width,
        data=datamodule.folder.name,
        cameras=len({*camids.tolist()}) if splits.has_cameras else None,
        **fitted,
    )
