"""The command `export`: its files score and search as the checkpoint does."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from compose_config import composed
from omegaconf import OmegaConf
from test_verify import calibration_of
from torch import nn

from reid_lightning import (
    ReIDError,
    card,
    embed,
    evaluate,
    export,
    load_model,
    search,
    verify,
)
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.files import load_file, save_file
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, write_calibration
from reid_lightning.inference.exported_file import Export, export_text
from reid_lightning.inference.inputs import to_pixels
from reid_lightning.inference.onnx_file import read_onnx
from reid_lightning.results.metrics_json import read_results
from reid_lightning.run import export as command
from reid_lightning.run.build import build_datamodule
from reid_lightning.run.command import main
from reid_lightning.run.load_teacher import load_teacher


@pytest.fixture(scope="module")
def run_folder(trained_run: Path, tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a calibration, whose embeddings differ by more than rounding.

    Those of one epoch do not: its normalisations have the means that they began with.
    """
    folder = tmp_path_factory.mktemp("calibrated") / "run"
    (folder / "checkpoints").mkdir(parents=True)
    content = load_file(trained_run / "checkpoints" / "best.ckpt")
    network = load_model(trained_run, device="cpu").network
    pixels = [to_pixels(p, 64, 32) for p in sorted((tiny_set / "query").glob("*.jpg"))]
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean of all batches, here of one
    with torch.no_grad():
        network.train()(to_network_input(torch.from_numpy(np.stack(pixels))))
    content["state_dict"] |= {f"model.{k}": v for k, v in network.state_dict().items()}
    save_file(content, folder / "checkpoints" / "best.ckpt")
    (folder / "metrics.json").symlink_to(trained_run / "metrics.json")
    model = load_model(folder, device="cpu")
    write_calibration(folder / CALIBRATION_FILE, calibration_of(model))
    return folder


@pytest.fixture(scope="module")
def data(tiny_set: Path) -> list[str]:
    return [f"data.root={tiny_set}", "data.draw=null"]


@pytest.fixture(scope="module")
def exported(run_folder: Path, data: list[str]) -> Export:
    out = run_folder.parent / "model.onnx"
    return export(checkpoint=run_folder, out=out, options=data)


def scores(checkpoint: Path, data: list[str], here: Path) -> dict[str, Any]:
    run = evaluate(
        checkpoint,
        *("data=synthetic", *data, "trainer.accelerator=cpu"),
        f"hydra.run.dir={here / f'scored-{checkpoint.name}'}",
    )
    return run.results


def test_a_card_gives_its_scores_to_the_file(
    exported: Export, run_folder: Path, data: list[str], tmp_path: Path
) -> None:
    made = card(checkpoint=run_folder, out=tmp_path / "card")
    facts = export(
        checkpoint=made, format="torch_export", out=tmp_path / "model.pt2", options=data
    ).facts
    assert facts.model == exported.facts.model and facts.calibration == exported.facts.calibration
    assert facts.scores["test/mAP"] == exported.facts.scores["test/mAP"]


def test_it_is_no_teacher(exported: Export) -> None:
    config = OmegaConf.create(
        {"checkpoint": str(exported.path), "logit_weight": 1, "distance_weight": 1}
    )
    datamodule = build_datamodule(composed("train", "data=synthetic").data)
    with pytest.raises(ReIDError, match=r"cannot be a teacher: it is an exported file\. Name its"):
        load_teacher(config, datamodule)


def test_it_scores_as_the_checkpoint_does(
    exported: Export, run_folder: Path, data: list[str], tmp_path: Path
) -> None:
    best = run_folder / "checkpoints" / "best.ckpt"
    before, after = (scores(path, data, tmp_path) for path in (best, exported.path))
    assert after["test/mAP"] == pytest.approx(before["test/mAP"], abs=0.001)
    same = ("parameters", "embedding_size", "gmacs", "trained_on", "trained_seed", "distance")
    assert {k: after[k] for k in same} == {k: before[k] for k in same}
    kept = read_results(run_folder / "metrics.json")["test/mAP"]
    assert exported.facts.scores["test/mAP"] == kept
    assert "training pictures of synthetic" in export_text(exported)


def test_it_is_used_as_a_checkpoint_is(
    exported: Export, run_folder: Path, tiny_set: Path, tmp_path: Path
) -> None:
    pictures = sorted((tiny_set / "query").glob("*.jpg"))[:6]
    wanted = load_model(run_folder, device="cpu")(pictures)
    np.testing.assert_allclose(load_model(exported.path)(pictures), wanted, atol=1e-4)
    out = tmp_path / "people.parquet"
    table = embed(checkpoint=exported.path, pictures=tiny_set / "query", out=out)
    np.testing.assert_allclose(table.embeddings[:6], wanted, atol=1e-4)
    (found,) = search(checkpoint=exported.path, query=pictures[0], gallery=out, out=None)
    assert len(found.found) == 10 and found.threshold is not None
    with pytest.raises(ReIDError, match="holds embeddings of another model"):
        search(checkpoint=run_folder, query=pictures[0], gallery=out, out=None)


def test_its_calibration_is_in_it(exported: Export, run_folder: Path, tiny_set: Path) -> None:
    first, second, *_ = sorted((tiny_set / "query").glob("*.jpg"))
    pair = {"first": first, "second": second}
    before, after = (verify(**pair, checkpoint=c) for c in (run_folder, exported.path))
    assert before.probability is not None
    assert after.probability == pytest.approx(before.probability, abs=1e-3)


def test_int8_says_what_it_costs_and_is_not_calibrated(
    run_folder: Path, data: list[str], tiny_set: Path, tmp_path: Path
) -> None:
    done = export(checkpoint=run_folder, quantize="int8", out=tmp_path / "x.onnx", options=data)
    kept = read_onnx(done.path).facts
    assert kept == done.facts and kept.quantize == "int8" and kept.calibration is None
    text = export_text(done)
    assert f"{kept.scores['int8/mAP']:.1%} in int8" in text and "official query/gallery" in text
    after = scores(done.path, data, tmp_path)["test/mAP"]
    assert after == pytest.approx(kept.scores["int8/mAP"], abs=1e-4)
    best = scores(run_folder / "checkpoints" / "best.ckpt", data, tmp_path)["test/mAP"]
    assert kept.scores["float/mAP"] == pytest.approx(best, abs=1e-4)
    first, second, *_ = sorted((tiny_set / "query").glob("*.jpg"))
    result = verify(first=first, second=second, checkpoint=done.path)
    assert result.probability is None
    assert result.not_calibrated.startswith("not calibrated: int8 changes similarities")


@pytest.mark.parametrize(
    ("format", "name"),
    [("torch_export", "model.pt2"), pytest.param("onnx", "model.onnx", marks=pytest.mark.slow)],
)
def test_a_file_that_is_not_equal_is_not_there(
    format: Any, name: str, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    data: list[str],
) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(b"earlier")

    def wrong(*arguments: object) -> None:
        raise ReIDError("The exported network gives other embeddings.")

    monkeypatch.setattr(command, "check_equal", wrong)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReIDError, match="gives other embeddings"):
        export(checkpoint=run_folder, format=format, options=data)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(name, b"earlier")]


def test_bad_input_is_a_sentence(
    exported: Export, run_folder: Path, tiny_set: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REID_DATA", str(tmp_path))
    (tmp_path / "a.jpg").symlink_to(sorted((tiny_set / "query").glob("*.jpg"))[0])
    run, file = f"checkpoint={run_folder}", f"checkpoint={exported.path}"
    typed = {
        ("export", run, "out=model.pt2"): "out=model.pt2 is to end in .onnx for format=onnx",
        ("export", run, "format=tflite"): "format=tflite must be onnx or torch_export",
        ("export", run, "quantize=int8", "dtype=float16"): "with dtype=float32",
        ("export", run, "format=torch_export", "latency=true"): "latency=true times ONNX files",
        ("export", file): "is an exported file: name its checkpoint",
        ("export", run, "quantize=int8", "data=market1501"): "There is no data set at",
        ("export", run, "data=market1500"): "market1501",
        ("embed", file, "pictures=a.jpg", "out=x.parquet", "size=[96,32]"): "not of 96 × 32",
        ("evaluate", file, "data=synthetic", f"data.root={tiny_set}", "data.draw=null",
         "data.height=96"): "takes pictures of 64 × 32, not of 96 × 32",
        ("evaluate", file, "model=osnet"): "holds its network: leave model= out",
        ("embed", "checkpoint=a.onnx", "pictures=a.jpg", "out=x.parquet"): "there is no such file",
    }  # fmt: skip
    for (name, *arguments), message in typed.items():
        caplog.clear()
        monkeypatch.setattr("sys.argv", ["reid", name, *arguments])
        with pytest.raises(SystemExit):
            main()
        # Hydra's commands put handlers of their own in the place of caplog's.
        logged = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
        errors = [*logged, *re.findall(r"Error: .*", capsys.readouterr().out)]
        assert len(errors) == 1 and message in errors[0], (name, arguments, errors)
    assert not list(tmp_path.glob("*.onnx"))


def test_pictures_are_read_before_the_graph_is_made(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a while: whoever forgets the set is told at once, and nothing is left."""
    monkeypatch.setattr(command, "export_program", None)
    missing = ["data.root=nowhere", "data.draw=null"]
    for quantize in ("int8", None):
        with pytest.raises(ReIDError, match=r"There is no (data set|synthetic) at"):
            export(
                checkpoint=run_folder,
                quantize=quantize,
                out=tmp_path / "new" / "model.onnx",
                options=missing,
            )
    assert not (tmp_path / "new").exists()
