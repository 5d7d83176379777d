"""`reid card`: what is handed on gives the same embeddings, and damage to it is a sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from reid_lightning import ReIDError, card, embed, evaluate, load_model, search, verify
from reid_lightning.files import load_tensors, save_tensors
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, read_calibration
from reid_lightning.models import Embedder
from reid_lightning.run.command import main

CODE = {"_target_": "os.system", "command": "touch ran"}


@pytest.fixture(scope="module")
def calibrated(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with scores and a calibration."""
    run = tmp_path_factory.mktemp("calibrated") / "run"
    (run / "checkpoints").mkdir(parents=True)
    for name in ("checkpoints/best.ckpt", "metrics.json"):
        shutil.copy(trained_run / name, run / name)
    content = {
        "model": load_model(run, device="cpu").digest,
        **{"height": 64, "width": 32, "data": "drawn", "people": 50, "pictures": 300},
        **{"cameras": 3, "same_pairs": 700, "other_pairs": 40_000, "intercept": -4, "slope": 8},
        "false_match_1_percent": {"similarity": 0.5, "low": 0.45, "high": 0.55, "found": 0.8},
        **{"false_match_0_1_percent": None, "absent_rate": 0.1},
        **{"absent_sizes": [1, 1000], "absent_similarities": [0.25, 0.25]},
    }
    (run / CALIBRATION_FILE).write_text(json.dumps(content))
    return run


@pytest.fixture(scope="module")
def made(calibrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return card(checkpoint=calibrated, out=tmp_path_factory.mktemp("cards") / "card")


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "card"))


def test_it_takes_the_checkpoints_place(
    calibrated: Path, made: Path, tiny_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = sorted((tiny_set / "query").glob("*.jpg"))
    kept, handed = load_model(calibrated), load_model(made)
    assert torch.equal(kept(pictures), handed(pictures)) and kept.digest == handed.digest
    embed(checkpoint=calibrated, pictures=tiny_set / "query", out="people.parquet")
    (found,) = search(checkpoint=made, query=pictures[0], gallery="people.parquet", out=None)
    assert found.threshold is not None, "the calibration and the gallery stay valid"
    assert verify(first=pictures[0], second=pictures[1], checkpoint=made).probability is not None
    data = ["data=synthetic", f"data.root={tiny_set}", "data.draw=null", "trainer.accelerator=cpu"]
    by_checkpoint = evaluate(calibrated / "checkpoints" / "best.ckpt", *data).results
    by_card = evaluate(made, *data).results
    for name in ("test/mAP", "test/rank1", "parameters", "trained_on", "distance"):
        assert by_card[name] == by_checkpoint[name]


def test_it_says_what_a_stranger_needs(calibrated: Path, made: Path) -> None:
    assert {path.name for path in made.iterdir()} == {
        "README.md", "config.json", "model.safetensors", "calibration.json"
    }  # fmt: skip
    readme = (made / "README.md").read_text()
    head, body = readme.removeprefix("---\n").split("---\n", 1)
    front = yaml.safe_load(head)
    assert front["license"] == "other" and front["library_name"] == "reid-lightning"
    scores = json.loads((calibrated / "metrics.json").read_text())
    for name in ("test/mAP", "test/rank1", "test/mINP"):
        assert f"{scores[name]:.1%}" in body
    for part in (
        "non-interpolated",
        "not stated",
        "consent",
        "50 people of drawn",
        "GMACs",
        "Adam",
    ):
        assert part in body
    config = (made / "config.json").read_text()
    assert str(calibrated.parent) not in readme + config and "_target_" not in config
    assert json.loads(config)["people"] == 16
    assert read_calibration(made / CALIBRATION_FILE) == read_calibration(
        calibrated / CALIBRATION_FILE
    )


def test_a_checkpoint_that_stands_alone_has_no_scores(
    trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copy(trained_run / "checkpoints" / "best.ckpt", "some.ckpt")
    monkeypatch.setattr(
        "sys.argv", ["reid", "card", "checkpoint=some.ckpt", "out=it", "license=mit"]
    )
    main()
    assert capsys.readouterr().out == "Model card: it/README.md\n"
    readme = Path("it/README.md").read_text()
    assert "There are no scores beside this checkpoint." in readme
    assert "Nobody has measured it" in readme and "The weights: mit." in readme
    assert not Path("it/calibration.json").exists()
    last = card(checkpoint=trained_run / "checkpoints" / "last.ckpt", out="last")
    assert "no scores beside" in (last / "README.md").read_text(), "those are of the best"


def own_network(num_classes: int) -> Embedder:
    raise AssertionError("nothing is built")


def test_what_cannot_be_handed_on(made: Path, trained_run: Path, tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="is a card already"):
        card(checkpoint=made, out=tmp_path / "new")
    with pytest.raises(ReIDError, match="is an exported file: name its checkpoint"):
        card(checkpoint=tmp_path / "model.onnx", out=tmp_path / "new")
    with pytest.raises(ReIDError, match="is not empty: name another"):
        card(checkpoint=trained_run, out=made)
    with pytest.raises(ReIDError, match="no folder of a run, nor a model card"):
        card(checkpoint=tmp_path, out=tmp_path / "new")
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    content["hyper_parameters"]["network"] = "mine.network"
    torch.save(content, tmp_path / "own.ckpt")
    with pytest.raises(ReIDError, match=r"of a network of your own, mine\.network"):
        card(checkpoint=tmp_path / "own.ckpt", out=tmp_path / "new")
    with pytest.raises(ReIDError, match="holds its network: leave model= out"):
        load_model(made, model=own_network)
    assert not (tmp_path / "new").exists()


def change(**values: Any) -> Callable[[Path], None]:
    """Changes keys of config.json; None takes one out."""

    def write(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text()) | values
        kept = {key: value for key, value in config.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(kept))

    return write


def change_option(**values: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        model = json.loads((folder / "config.json").read_text())["model"]
        change(model=model | values)(folder)

    return write


def change_weights(damage: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    """Changes tensors, and the checksum with them, as a forger would."""

    def write(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        tensors = load_tensors(folder / "model.safetensors", config["weights_sha256"])
        damage(tensors)
        change(weights_sha256=save_tensors(tensors, folder / "model.safetensors"))(folder)

    return write


def cut(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return write


def move_out(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).rename(folder.parent / "outside")
        (folder / name).symlink_to("../outside")

    return write


def calibrate(**values: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        content = json.loads((folder / CALIBRATION_FILE).read_text()) | values
        (folder / CALIBRATION_FILE).write_text(json.dumps(content))

    return write


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "code as a key": (change(**CODE), "it has a _target_"),
    "code as the network": (change(network=CODE), "it has a _target_"),
    "code among the options": (change_option(pooling=CODE), "it has a _target_"),
    "code in a list": (change_option(width=[[CODE]]), "it has a _target_"),
    "the address of a function": (change(network="os.system"), "'os.system' is none of reid"),
    "an unknown key": (change(more=1), "unknown key more"),
    "an unknown option": (change_option(more=1), "no option more"),
    "a missing key": (change(people=None), "people is missing"),
    "a NaN": (change(gmacs=float("nan")), "gmacs=nan must be"),
    "a NaN among the scores": (change(scores={"mAP": float("nan")}), "scores=.* must be"),
    "a NaN among the options": (change_option(width=float("nan")), "no network can be built"),
    "a word for a number": (change(height="64"), "height='64' must be"),
    "another normalisation": (change(mean=[0.5, 0.5, 0.5]), "another mean and std"),
    "no digest": (change(checkpoint="z" * 128), "its checkpoint is no digest"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "no names with values"),
    "half a configuration": (cut("config.json"), "config.json is damaged"),
    "half of the weights": (cut("model.safetensors"), "is damaged, or of another model"),
    "other weights": (change(weights_sha256="0" * 64), "is damaged, or of another model"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "there is no such file"),
    "no configuration": (lambda f: (f / "config.json").unlink(), "there is no such file"),
    "a missing tensor": (change_weights(lambda x: x.pop("neck.weight")), "is missing"),
    "one more tensor": (
        change_weights(lambda x: x.update(more=torch.ones(2))), "more, which is one too many"
    ),
    "another shape": (
        change_weights(lambda x: x.update({"neck.weight": torch.ones(2)})), "has the shape"
    ),
    "a NaN among the weights": (
        change_weights(lambda x: x["neck.weight"].fill_(torch.nan)), "NaN or infinity"
    ),
    "text for weights": (
        lambda f: change(
            weights_sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )(f) or (f / "model.safetensors").write_bytes(b""),
        "cannot be read as a safetensors file",
    ),
    "a link to other weights": (move_out("model.safetensors"), "is a link out of the folder"),
    "a link to a configuration": (move_out("config.json"), "is a link out of the folder"),
    "a link to a calibration": (move_out(CALIBRATION_FILE), "is a link out of the folder"),
    "a NaN in the calibration": (calibrate(slope=float("nan")), "slope=nan must be"),
    "code in the calibration": (calibrate(slope=CODE), "slope=.* must be"),
    "another's calibration": (calibrate(model="0" * 32), "is of another model"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_damaged_card_is_a_sentence(
    kind: str, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    damage, message = WRONG[kind]
    damage(copy)
    with pytest.raises(ReIDError, match=message):
        load_model("card")
    monkeypatch.setattr("sys.argv", ["reid", "verify", "checkpoint=card", "first=a", "second=b"])
    with pytest.raises(SystemExit):
        main()
    (error,) = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert "\n" not in error and not Path("ran").exists()
