"""The steps between embedding and ranking that a composed configuration describes."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval import NeighbourMean, Rerank, Retrieval, SpatialTemporal
from reid_lightning.scoring.embedded_samples import columns_of

_KINDS = {"database": NeighbourMean, "expansion": NeighbourMean, "rerank": Rerank}


def taken_steps(config: DictConfig) -> list[str]:
    """The names of the steps that are not switched off by false or null."""
    return [str(name) for name, step in config.items() if step]


def build_steps(config: DictConfig) -> Retrieval:
    """The steps of `config` but that of time and place.

    Raises:
        ReIDError: something is no step.
    """
    # One by one: in a configuration that holds it, a step would become a configuration itself.
    steps = {
        str(name): instantiate(step) if OmegaConf.is_config(step) else step
        for name, step in config.items()
        if name != "spatial_temporal" and step is not None
    }
    known = {field.name for field in fields(Retrieval)} - {"own_steps"}
    for name, step in steps.items():
        kind = _KINDS.get(name)
        if kind and not isinstance(step, kind):
            raise ReIDError(
                f"retrieval.{name} makes no {kind.__name__}: give a step of your own another name."
            )
        if name not in known and not callable(step):
            raise ReIDError(
                f"retrieval.{name} is no step: it is none of {', '.join(sorted(known))}, and has "
                "no _target_ of your own."
            )
    own_steps = tuple(step for name, step in steps.items() if name not in known)
    return Retrieval(
        **{name: step for name, step in steps.items() if name in known}, own_steps=own_steps
    )


def build_retrieval(config: DictConfig, folder: DatasetFolder) -> Retrieval:
    """The steps of `config`; time and place are learnt from the set's training pictures.

    Raises:
        ReIDError: time and place are asked for, and some pictures of the set have no times.
    """
    retrieval = build_steps(config)
    if not folder.official.has_cameras:
        for name in ("multi_query", "spatial_temporal"):
            if config.get(name):
                raise ReIDError(
                    f"retrieval=[{name}] needs to know which camera took a picture, and "
                    f"{folder.title} does not say: leave it out."
                )
    if config.get("spatial_temporal") is None:
        return retrieval
    scored = [*folder.official.query, *folder.official.gallery]
    if all(sample.time is None for sample in scored):
        raise ReIDError(
            f"retrieval=[spatial_temporal] needs times, and {folder.title} has none: leave it out, "
            "or set data.clock=sequences where the frame numbers in its file names are times."
        )
    learnt_from = [] if config.spatial_temporal.file else folder.official.train
    for sample in (*scored, *learnt_from):
        if sample.time is None:
            raise ReIDError(
                "retrieval=[spatial_temporal] needs a time of every picture, and "
                f"{sample.path} has none, as all pictures of data.extra_gallery: leave one out."
            )
    if not (file := config.spatial_temporal.file):
        _, camids, _ = columns_of(scored)
        model = SpatialTemporal.fit(*columns_of(folder.official.train), more_camids=camids)
        return replace(retrieval, spatial_temporal=model)
    model = SpatialTemporal.load(Path(file))
    known, there = set(model.cameras.tolist()), {sample.camid for sample in scored}
    if not there <= known:
        raise ReIDError(
            f"retrieval.spatial_temporal.file={file} knows {len(known)} cameras, and "
            f"{len(there - known)} of the {len(there)} of {folder.title} are none of them: it was "
            "learnt from another set."
        )
    return replace(retrieval, spatial_temporal=model)


def neighbour_warnings(retrieval: Retrieval, folder: DatasetFolder) -> Iterator[str]:
    """Of steps that look for more neighbours than there are pictures: all are alike to them."""
    gallery = sum(sample.role != "junk" for sample in folder.official.gallery)
    pictures = gallery + len(folder.official.query)
    for name, k, there, where in (
        ("database.k", retrieval.database and retrieval.database.k, gallery - 1, "gallery"),
        ("expansion.k", retrieval.expansion and retrieval.expansion.k, gallery, "gallery"),
        ("rerank.k1", retrieval.rerank and retrieval.rerank.k1, pictures - 1, "query and gallery"),
    ):
        if k and k >= there:
            yield (
                f"retrieval.{name}={k} makes every picture a neighbour of every other: {where} "
                f"have {there} others. Lower it."
            )
