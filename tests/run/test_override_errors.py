"""Overrides that Hydra cannot read or compose end in a sentence with what to type instead."""

import shlex
from pathlib import Path

import pytest
from compose_config import refusal
from hydra.core.override_parser.overrides_parser import OverridesParser

from reid_lightning.errors import ReIDError
from reid_lightning.run.override_errors import check_overrides

TRAINING = {
    "loss.margn=0.3": "loss has no key margn: did you mean loss.margin?",
    "los=hard": "There is no key los: did you mean loss?",
    "callbacks.wrst=3": (
        "callbacks has no key wrst: there are best, collapse, epoch_log, epoch_means, findings, "
        "finite_loss, last, status."
    ),
    "optimizer.betas=[0.9,0.99]": (
        "optimizer.betas is not in the YAML of optimizer, but its constructor takes it: add it "
        "with a plus sign, +optimizer.betas=…"
    ),
    "loss=null": (
        "loss=null chooses nothing: leave it out, or choose one of arcface, batch_all, circle, "
        "hard, hard_margin, multi_similarity, pml, quadruplet, semihard, semihard_soft, softmax, "
        "supcon, triplet."
    ),
    "metric=null": "metric=null chooses nothing: leave it out.",
    "retrieval=[flip]": "retrieval is no group of this command: leave it out.",
    "loss=[hard,semihard]": (
        "loss=[hard,semihard] chooses several files, whose keys would be mixed: loss is one of "
        "arcface, batch_all, circle, hard, hard_margin, multi_similarity, pml, quadruplet, "
        "semihard, semihard_soft, softmax, supcon, triplet."
    ),
    "callbacks=[default,averaged]": "accepted",
    "logger=null": (
        "logger=null chooses nothing: leave it out, or choose one of csv, tensorboard, wandb."
    ),
    "loss=hard,semihard": (
        "loss=hard,semihard has several values: -m runs one job for each; a list is written in "
        "brackets, [a,b]."
    ),
    "loss.margin": "loss.margin is no override: write KEY=VALUE, such as loss.margin=0.3.",
    "=3": "=3 names no key: write KEY=VALUE, such as loss.margin=0.3.",
    "data.root=[a": (
        "data.root=[a is half a list: write lists without spaces, such as retrieval=[flip,rerank]."
    ),
    "version=0.1.0": "version=0.1.0 cannot be set: a run states the version that made it.",
    "~losss": "Could not delete from config. 'losss' does not exist.",
    "experiments=ablation/base": "accepted",
}
QUOTED = [
    "data.root=a(1)",
    "data.root=数据",
    "resume=a/epoch=3.ckpt",
    "data.root=it's",
    'data.root="a',
]


@pytest.mark.parametrize("override", TRAINING)
def test_what_to_type_instead(override: str) -> None:
    assert refusal("train", override) == TRAINING[override]


def test_a_choice_that_is_near_one() -> None:
    message = refusal("train", "loss=hrd")
    assert str(message).startswith("There is no loss=hrd: did you mean loss=hard?")
    assert "--config-dir=FOLDER" in str(message)


def test_one_of_several_choices() -> None:
    message = refusal("evaluate", "checkpoint=x", "retrieval=[flip,flipp]")
    assert str(message).startswith("There is no retrieval=flipp: did you mean retrieval=flip?")


def test_a_key_of_what_was_not_chosen() -> None:
    message = refusal("evaluate", "checkpoint=x", "retrieval.rerank.k1=3")
    assert message == "retrieval has no rerank as long as retrieval=[rerank] does not choose it."


@pytest.mark.parametrize(
    "override", ["loss=hard,hrd", "loss=choice(hard,hrd)", "data=synthetic,null"]
)
def test_every_job_of_a_sweep_is_looked_at(override: str) -> None:
    with pytest.raises(ReIDError, match=r"There is no loss=hrd|data=null chooses nothing"):
        check_overrides([override], None)


@pytest.mark.parametrize("override", ["seed=range(0,1,0)", "seed=range(1,0)"])
def test_a_sweep_has_values(override: str) -> None:
    with pytest.raises(ReIDError, match="has no values"):
        check_overrides([override], None)


def test_what_hydra_finds_itself_is_left_to_it() -> None:
    check_overrides(["loss=glob(h*)", "seed=range(2)"], None)
    check_overrides(["hydra.searchpath=[file:///conf]", "model=mine"], None)


def test_choices_of_the_users_own_folder(tmp_path: Path) -> None:
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "mine.yaml").touch()
    check_overrides(["loss=mine", "loss=hard", "seed=range(2)"], tmp_path)
    with pytest.raises(ReIDError, match=r"There is no loss=mien: did you mean loss=mine\?$"):
        check_overrides(["loss=mien"], tmp_path)
    with pytest.raises(ReIDError, match=r"There is no metric=rank20: there are none"):
        check_overrides(["metric=[rank20]"], None)


@pytest.mark.parametrize("override", QUOTED)
def test_the_hint_to_quote_can_be_typed(override: str) -> None:
    """What it says, given to a shell, is read as the value that was meant."""
    hint = str(refusal("train", override)).partition("for the shell: ")[2]
    (typed,) = shlex.split(hint)
    value = OverridesParser.create().parse_override(typed).value()
    assert value == override.partition("=")[2].strip('"')
