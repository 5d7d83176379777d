"""`reid_lightning.load_model`: in and out of Hydra's jobs, the embeddings that evaluation ranks."""

import logging
from pathlib import Path

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from reid_lightning import ReIDError, evaluate, load_model
from reid_lightning.distances import unit_norm
from reid_lightning.models import Embedder
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.scoring import embedding_cache

OPTIONS = ["model.width=0.25", "model.embedding=16"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "it's osnet, 0.25.pth"
    torch.manual_seed(0)
    network = Embedder(OSNet(0.25), 3, embedding=16, reduction=FullyConnected)
    torch.save(network.state_dict(), path)
    return path


@pytest.mark.parametrize("kind", ["a checkpoint", "weights"])
def test_embeddings_are_those_that_evaluation_ranks(
    kind: str,
    weights: Path,
    trained_run: Path,
    tiny_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    data = ["data=synthetic", f"data.root={tiny_set}", "data.draw=null", "trainer.accelerator=cpu"]
    data += ["data.eval_batch_size=50", "data.cache=cache", "data.workers=0"]
    if kind == "weights":
        model = load_model(model="osnet", weights=weights, options=OPTIONS, size=(64, 32))
        named = ["model=osnet", f'model.weights="{weights}"', *OPTIONS]
        evaluate(None, *named, "data.height=64", "data.width=32", *data)
    else:
        model = load_model(trained_run)
        assert (model.height, model.width) == (64, 32)
        evaluate(trained_run / "checkpoints" / "best.ckpt", *data)
    pictures = [*sorted((tiny_set / "query").glob("*.jpg"))]
    (file,) = Path("cache").glob("*.embeddings")
    rows = (file.stat().st_size - 16) // 4 // model.embedding_size
    stored = embedding_cache.mapped(file, rows, model.embedding_size, shared=False)
    gallery = sorted((tiny_set / "bounding_box_test").glob("*.jpg"))
    found = model([*pictures, *gallery], batch_size=50)
    assert torch.equal(found, unit_norm(stored))


def test_it_works_within_a_job_of_hydras_and_leaves_nothing_global(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []

    def job(config: object) -> None:
        before = HydraConfig.get().runtime.output_dir
        found.append(load_model(model="osnet", weights=weights, options=OPTIONS))
        assert HydraConfig.get().runtime.output_dir == before

    run_hydra_app(job, "evaluate", ["hydra.run.dir=run", "hydra.job.name=evaluate"])
    GlobalHydra.instance().clear()
    root = list(logging.root.handlers)
    outside = load_model(model="osnet", weights=weights, options=OPTIONS)
    assert not GlobalHydra.instance().is_initialized() and logging.root.handlers == root
    picture = torch.zeros(3, 8, 8, dtype=torch.uint8)
    assert torch.equal(outside(picture), found[0](picture))
    assert (outside.height, outside.width) == (256, 128)


def own_network(num_classes: int, size: int) -> Embedder:
    return Embedder(OSNet(0.25), num_classes, embedding=size)


def test_a_network_of_ones_own_is_named_by_its_constructor(
    trained_run: Path, tmp_path: Path
) -> None:
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    network = own_network(num_classes=4, size=8)
    content["hyper_parameters"] |= {"network": "mine.network", "model": {"size": 8}}
    content["state_dict"] = {f"model.{k}": v for k, v in network.state_dict().items()}
    torch.save(content, tmp_path / "own.ckpt")
    assert load_model(tmp_path / "own.ckpt", model=own_network).embedding_size == 8
    with pytest.raises(ReIDError, match=r"from Python: load_model\(…, model=ITS_FUNCTION\)"):
        load_model(tmp_path / "own.ckpt")


WRONG: dict[str, tuple[dict, str]] = {
    "nothing": ({}, "Name a checkpoint, checkpoint=outputs/RUN, or a network"),
    "both": ({"checkpoint": "a", "model": "osnet", "weights": "b"}, "Name a checkpoint, "),
    "no network": ({"weights": "b"}, "Weights need the name of their network"),
    "another name": ({"model": "osnett", "weights": "b"}, r"did you mean model=osnet\?"),
    "no file": ({"model": "osnet", "weights": "b"}, "b is neither none nor an existing file"),
    "none": ({"model": "osnet", "weights": "none"}, "random weights"),
    "an unknown option": (
        {"model": "osnet", "weights": "b", "options": ["model.depth=3"]},
        "model has no key depth",
    ),
    "a wrong value": (
        {"model": "osnet", "weights": "b", "options": ["model.embedding=-3"]},
        "model.embedding=-3 must be",
    ),
    "an option of something else": (
        {"model": "osnet", "weights": "b", "options": ["data.height=3"]},
        "data.height=3 is no option of a network",
    ),
    "a text for options": (
        {"model": "osnet", "weights": "b", "options": "model.width=0.25"},
        "options=model.width=0.25 must be a list, each of it text",
    ),
    "no options": ({"model": "osnet", "weights": "b", "options": None}, "options=null must be"),
    "a number as an option": ({"model": "osnet", "weights": "b", "options": [3]}, "must be a list"),
    "a size of one number": ({"model": "osnet", "weights": "b", "size": 256}, "size=256 must be"),
    "no checkpoint": ({"checkpoint": "nowhere"}, "The checkpoint nowhere does not exist"),
    "another folder": ({"checkpoint": "."}, r"holds no checkpoints/best\.ckpt: it is no folder"),
    "options of a checkpoint": (
        {"checkpoint": "nowhere", "options": ["model.width=1"]},
        "A checkpoint has its network's name and options",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_bad_input_is_refused_in_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, message = WRONG[kind]
    with pytest.raises(ReIDError, match=message):
        load_model(**arguments)
