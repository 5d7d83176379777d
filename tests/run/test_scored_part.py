"""What an evaluation refuses and says before it embeds a picture."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval import NeighbourMean, Rerank, Retrieval
from reid_lightning.run.build_retrieval import build_retrieval, neighbour_warnings, taken_steps
from reid_lightning.run.hydra_app import CONF
from reid_lightning.run.scored_part import check_evaluation

Check = Callable[..., None]


def sample(pid: int, camid: int, name: str = "a") -> Sample:
    return Sample(Path(f"{pid}_{camid}_{name}.jpg"), pid, camid)


GOOD = with_roles(
    Splits((sample(9, 0),), (sample(1, 0),), (sample(1, 1), sample(2, 0), sample(-1, 0))), None
)


@pytest.fixture
def check() -> Check:
    def run(splits: Splits, *overrides: str) -> None:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("evaluate", ["data.height=64", "data.width=32", *overrides])
        datamodule: ReIDDataModule = instantiate(config.data)
        datamodule.folder.official = splits
        check_evaluation(config, datamodule)

    return run


def test_a_query_with_a_match_is_scored(check: Check) -> None:
    check(GOOD)
    check(GOOD, "+trainer.limit_predict_batches=1.0")


@pytest.mark.parametrize(
    "gallery", [(sample(1, 0),), (sample(2, 1),), (sample(-1, 1),), (sample(0, 1),)]
)
def test_no_match_is_found_before_anything_is_embedded(
    gallery: tuple[Sample, ...], check: Check
) -> None:
    with pytest.raises(ReIDError, match=r"No query has a match .* of market1501: .* identities"):
        check(replace(GOOD, gallery=gallery))


@pytest.mark.parametrize(
    "limit", ["limit_predict_batches=2", "limit_predict_batches=0.5", "fast_dev_run=true"]
)
def test_an_evaluation_embeds_every_picture(limit: str, check: Check) -> None:
    with pytest.raises(ReIDError, match=r"trainer\.limit_predict_batches=.* leave pictures out"):
        check(GOOD, f"+trainer.{limit}")


@pytest.mark.parametrize(
    ("retrieval", "said"),
    [
        (Retrieval(database=NeighbourMean(1, 1)), ["retrieval.database.k=1"]),
        (Retrieval(expansion=NeighbourMean(2, 1)), ["retrieval.expansion.k=2"]),
        (Retrieval(rerank=Rerank(2, 1)), ["retrieval.rerank.k1=2"]),
        (Retrieval(rerank=Rerank(1, 1), expansion=NeighbourMean(1, 1)), []),
    ],
)
def test_more_neighbours_than_pictures_are_said(retrieval: Retrieval, said: list[str]) -> None:
    folder = DatasetFolder(name="a", root="a", source="a")
    folder.official = GOOD
    assert [w.split(" makes")[0] for w in neighbour_warnings(retrieval, folder)] == said


def test_only_steps_that_are_taken_are_told() -> None:
    config = OmegaConf.create({"flip": False, "rerank": None, "spatial_temporal": {"file": None}})
    assert taken_steps(config) == ["spatial_temporal"]


def test_null_switches_every_step_off(tiny_set: Path) -> None:
    config = OmegaConf.create(dict.fromkeys(["flip", "multi_query", "rerank", "own"]))
    folder = DatasetFolder(name="x", root=tiny_set, source="")
    assert build_retrieval(config, folder) == Retrieval()


def test_a_known_step_is_of_its_own_kind(tiny_set: Path) -> None:
    rerank = {"_target_": "reid_lightning.retrieval.Rerank", "k1": 5, "k2": 2, "weight": 0.3}
    folder = DatasetFolder(name="x", root=tiny_set, source="")
    with pytest.raises(ReIDError, match=r"retrieval\.expansion makes no NeighbourMean"):
        build_retrieval(OmegaConf.create({"expansion": rerank}), folder)
