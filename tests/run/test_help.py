"""`--help`: each choice, and each key with the comment of its YAML."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from reid_lightning.run import evaluate, train
from reid_lightning.run.config_files import CONF
from reid_lightning.run.help import help_text


def test_every_choice_has_its_line() -> None:
    text = help_text("train", [])
    groups, keys = text.split("# Keys")
    for group in ("loss", "data", "augmentation", "scheduler", "sweep"):
        for file in (CONF / group).glob("*.yaml"):
            assert f"  {file.stem} " in groups
    assert "retrieval=" not in groups and "retrieval=" in help_text("evaluate", [])
    assert (
        "  hard              Identity loss and batch-hard triplets: the field's common choice"
        in groups
    )
    assert "  k: 4  # pictures of each" in keys  # inherited
    assert "seed: 0\n" in keys and "\nhydra:" not in keys


def test_what_is_typed_is_shown() -> None:
    keys = help_text("train", ["loss=semihard", "data.k=8", "-m"]).split("# Keys")[1]
    assert "  mining: semihard  # for each anchor-positive pair" in keys
    assert "  k: 8  # pictures of each" in keys
    shown = help_text("evaluate", ["retrieval=[rerank]"]).split("# Keys")[1]
    assert "    k1: 20  # number of neighbours that may be reciprocal" in shown


def test_keys_are_those_that_are_composed() -> None:
    keys = help_text("train", ["data=synthetic"]).split("trainer.max_epochs=20\n")[1]
    config = OmegaConf.create(keys)
    assert config.data.name == "synthetic" and config.augmentation.flip == 0.5


@pytest.mark.parametrize("flag", [["--config-dir", "."], ["--config-dir=."]])
def test_own_files_are_choices(
    flag: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "mine.yaml").write_text("# My own.\nmargin: 1 # of mine\n")
    monkeypatch.chdir(tmp_path)
    text = help_text("train", [*flag, "loss=mine"])
    assert "  mine              My own." in text and "  margin: 1  # of mine" in text


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_commands_print_it(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    train.main([flag])
    assert capsys.readouterr().out.startswith("usage: ")
    evaluate.main(["retrieval=[flip]", flag])
    assert "checkpoint: null  # path of a checkpoint" in capsys.readouterr().out


def test_a_wrong_choice_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["loss=semihrad", "--help"])
    assert stop.value.code == 1
    assert "did you mean loss=semihard?" in caplog.text


@pytest.mark.parametrize(
    "typed",
    [
        ["-m", "loss=hard,semihard", "seed=range(2)"],
        ["resume_sweep=x", "-m"],
        ["resume=x"],
        ["--cfg", "job", "data.k=5"],
        ["data.k=5", "--cfg=job", "loss=hard"],
    ],
)
def test_whatever_else_is_typed(typed: list[str]) -> None:
    keys = help_text("train", [*typed, "--help"]).split("# Keys")[1]
    mining = "hard" if any(word.startswith("loss=hard") for word in typed) else "semihard"
    assert f"  mining: {mining} " in keys and ("  k: 5" in keys) == ("data.k=5" in typed)
    assert "  weights: imagenet  # imagenet" in keys, "what a recipe decides is shown as decided"
