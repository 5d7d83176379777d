"""The commands about a trained model: what they find is what an evaluation scores."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reid_lightning import ReIDError, embed, evaluate, load_model, search
from reid_lightning.inference.embedding_parquet import read_table
from reid_lightning.models import Embedder
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.run.command import main

OPTIONS = ["model.width=0.25", "model.embedding=16"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    monkeypatch.setattr("sys.argv", ["reid", *typed])
    main()


def test_embed_writes_what_the_model_gives(
    trained_run: Path, tiny_set: Path, here: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run(monkeypatch, "embed", f"checkpoint={trained_run}", f"pictures={tiny_set}/query",
        "out=people.parquet")  # fmt: skip
    pictures = sorted((tiny_set / "query").glob("*.jpg"))
    assert f"{len(pictures)} pictures, embeddings of" in capsys.readouterr().out
    table = read_table(Path("people.parquet"))
    np.testing.assert_allclose(table.embeddings, load_model(trained_run)(pictures), atol=1e-6)
    assert table.pictures[0].pid == pictures[0].name.partition("_")[0]


@pytest.fixture(scope="module")
def osnet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A network whose embeddings differ by more than rounding, as those of one epoch do not."""
    torch.manual_seed(0)
    network = Embedder(OSNet(0.25), 3, embedding=16, reduction=FullyConnected)
    path = tmp_path_factory.mktemp("weights") / "osnet.pth"
    torch.save(network.state_dict(), path)
    return {"model": "osnet", "weights": path, "options": OPTIONS, "size": (64, 32)}


@pytest.mark.parametrize("steps", [[], ["flip"], ["flip", "rerank"]])
def test_the_right_person_is_first_as_often_as_evaluation_says(
    steps: list[str], osnet: dict[str, Any], tiny_set: Path, here: Path
) -> None:
    data = ["data=synthetic", f"data.root={tiny_set}", "data.draw=null", "trainer.accelerator=cpu"]
    named = ["model=osnet", f"model.weights={osnet['weights']}", *OPTIONS]
    steps_named = f"retrieval=[{','.join(steps)}]"
    scored = evaluate(None, *named, *data, "data.height=64", "data.width=32", steps_named)
    gallery = here / "gallery"  # without junk, of which an evaluation's re-ranking knows nothing
    gallery.mkdir()
    for path in (tiny_set / "bounding_box_test").glob("*.jpg"):
        if not path.name.startswith("-1"):
            (gallery / path.name).symlink_to(path)
    search(**osnet, query=tiny_set / "query", gallery=gallery, k=1000, retrieval=steps)
    first = dict[str, bool]()
    with Path("search/search.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (row["pid"], row["camid"]) != (row["query_pid"], row["query_camid"]):
                first.setdefault(row["query"], row["pid"] == row["query_pid"])
    assert sum(first.values()) / len(first) == pytest.approx(scored.results["test/rank1"])


def test_a_gallery_that_was_embedded_is_searched_by_its_own_model_alone(
    osnet: dict[str, Any], trained_run: Path, tiny_set: Path, here: Path
) -> None:
    query, pictures = sorted((tiny_set / "query").glob("*.jpg"))[0], tiny_set / "bounding_box_test"
    table = embed(**osnet, pictures=pictures, out="people.parquet")
    (result,) = search(**osnet, query=query, gallery="people.parquet", out=None)
    (same,) = search(**osnet, query=query, gallery=pictures, out=None)
    assert [f.picture for f in result.found] == [f.picture for f in same.found]
    assert len(result.found) == 10 and not Path("search").exists()
    assert len(table.pictures) == len(list(pictures.glob("*.jpg")))
    with pytest.raises(ReIDError, match="made with flip=false, and flip=true"):
        search(**osnet, query=query, gallery="people.parquet", retrieval=["flip"])
    with pytest.raises(ReIDError, match="made with height=64, and height=96"):
        search(**osnet | {"size": (96, 32)}, query=query, gallery="people.parquet")
    with pytest.raises(ReIDError, match="holds embeddings of another model"):
        search(checkpoint=trained_run, query=query, gallery="people.parquet")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["query=text.jpg", "gallery=pictures"], "1 picture cannot be read"),
        (["query=a.jpg", "gallery=empty"], "empty holds no picture"),
        (["query=a.jpg", "gallery=pictures", "retrieval=[spatial_temporal]"], "needs to know who"),
        (["query=a.jpg", "gallery=pictures", "retrieval=[rerankk]"], "rerank"),
        (["query=a.jpg", "gallery=pictures", "retrieval=[rerank]", "retrieval.rerank.k=1"],
         "retrieval.rerank.k"),
        (["query=a.jpg", "gallery=pictures", "retrieval=[rerank]", "index=faiss"], "index=faiss"),
        (["query=a.jpg", "gallery=text.jpg"], "1 picture cannot be read"),
        (["query=a.jpg"], "reid search needs gallery=…"),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence(
    typed: list[str], message: str, trained_run: Path, tiny_set: Path, here: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    (here / "text.jpg").write_text("some words")
    (here / "empty").mkdir()
    (here / "pictures").symlink_to(tiny_set / "query")
    (here / "a.jpg").symlink_to(sorted((tiny_set / "query").glob("*.jpg"))[0])
    with pytest.raises(SystemExit):
        run(monkeypatch, "search", f"checkpoint={trained_run}", *typed)
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1 and message in errors[0]
