"""The steps between embedding and ranking that a composed configuration describes."""

from dataclasses import replace
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval import Retrieval, SpatialTemporal
from reid_lightning.scoring.embedded_samples import columns_of


def build_retrieval(config: DictConfig, folder: DatasetFolder) -> Retrieval:
    """The steps of `config`; time and place are learnt from the set's training pictures.

    Raises:
        ReIDError: time and place are asked for, and some pictures of the set have no times.
    """
    steps = {name: value for name, value in config.items() if name != "spatial_temporal"}
    retrieval: Retrieval = instantiate(steps, _target_="reid_lightning.retrieval.Retrieval")
    if "spatial_temporal" not in config:
        return retrieval
    if folder.clock == "none":
        raise ReIDError(
            "retrieval=[spatial_temporal] needs times, and data.clock=none says that "
            f"{folder.title} has none: leave it out, or set data.clock=sequences where frame "
            "numbers are times."
        )
    scored = [*folder.official.query, *folder.official.gallery]
    if any(sample.time is None for sample in scored):
        raise ReIDError(
            "retrieval=[spatial_temporal] needs a time of every picture, and those of "
            "data.extra_gallery have none: leave one of the two out."
        )
    if not (file := config.spatial_temporal.file):
        model = SpatialTemporal.fit(*columns_of(folder.official.train))
        return replace(retrieval, spatial_temporal=model)
    model = SpatialTemporal.load(Path(file))
    cameras = 1 + max(sample.camid for sample in scored)
    if len(model.distributions) < cameras:
        raise ReIDError(
            f"retrieval.spatial_temporal.file={file} knows {len(model.distributions)} "
            f"cameras, and {folder.title} has {cameras}: it was learnt from another set."
        )
    return replace(retrieval, spatial_temporal=model)
