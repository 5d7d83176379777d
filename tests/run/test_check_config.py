"""Every value of a configuration is checked before a run begins."""

from pathlib import Path

import pytest
from compose_config import composed, refusal
from hydra import compose, initialize_config_dir

from reid_lightning.errors import ReIDError
from reid_lightning.run.config_files import CONF
from reid_lightning.run.config_keys import (
    check_evaluation_config,
    check_sweep_config,
    check_training_config,
)

GROUPS = ("augmentation", "callbacks", "data", "logger", "loss", "model", "optimizer", "scheduler")
CHOICES = sorted(
    f"{group}={file.stem}"
    for group in (*GROUPS, "trainer")
    for file in (CONF / group).glob("*.yaml")
)
TRAINING = {
    "loss.normalize=off": "loss.normalize=off must be true or false.",
    "loss.margin=-1": "loss.margin=-1 must be a number from 0 to 1000000, or soft.",
    "loss.margin=nan": "loss.margin=nan must be a number from 0 to 1000000, or soft.",
    "loss.margin=null": "loss.margin=null must be a number from 0 to 1000000, or soft.",
    "loss.label_smoothing=1": "loss.label_smoothing=1 must be a number from 0 to below 1.",
    "loss.id_weight=-1": "loss.id_weight=-1 must be a number from 0 to 1000000.",
    "loss.gather=some": "loss.gather=some must be true or false, or auto.",
    "+loss.margn=0.3": "loss has no key margn: did you mean loss.margin?",
    "loss.center_weight=1e30": ("loss.center_weight=1e+30 must be a number from 0 to 1000000."),
    "loss.margin=1e30": "loss.margin=1e+30 must be a number from 0 to 1000000, or soft.",
    "optimizer.weight_decay=1e30": (
        "optimizer.weight_decay=1e+30 must be a number from 0 to 1000000."
    ),
    "optimizer._target_=torch.optim.SparseAdam": (
        "optimizer has no key weight_decay: there are betas, eps, lr, maximize. "
        "(~optimizer.weight_decay removes it.)"
    ),
    "data.root=123": (
        "data.root=123 must be text that is not empty (quoted, it is text: 'data.root=\"123\"')."
    ),
    "data.archive=1.5": (
        "data.archive=1.5 must be text that is not empty, or null (quoted, it is text: "
        "'data.archive=\"1.5\"')."
    ),
    "data.name=../../x": "data.name=../../x must be text that is not empty and has no slash.",
    "~seed": "The configuration lacks seed, which data.seed refers to.",
    "data.p=4.5": "data.p=4.5 must be an integer from 1 to 8192.",
    "scheduler=warmup_multistep scheduler.milestones=[40,60]": (
        "scheduler.milestones=[40, 60] must be a list, each of it a number from 0 to 1."
    ),
    "data.height=abc": "data.height=abc must be an integer from 1 to 8192.",
    "data.workers=100000": "data.workers=100000 must be an integer from 0 to 1024.",
    "data.root=null": "data.root=null must be text that is not empty.",
    "data.root=": "data.root='' must be text that is not empty.",
    "data.cache=": "data.cache='' must be text that is not empty.",
    "+loss.num_classes=751": "loss.num_classes cannot be set: the program itself gives it.",
    "loss.num_classes=751": "loss.num_classes cannot be set: the program itself gives it.",
    "+trainer.logger=false": "trainer.logger cannot be set: the program itself gives it.",
    "+scheduler.max_epochs=9": "scheduler.max_epochs cannot be set: the program itself gives it.",
    "+augmentation._partial_=true": (
        "augmentation._partial_=true must be false: reid_lightning.data.Augmentation is called at "
        "once."
    ),
    "~optimizer._partial_": (
        "optimizer._partial_=false must be true: torch.optim.Adam is called later, with more "
        "arguments."
    ),
    "loss=supcon loss.metric.temperature=0": (
        "loss.metric.temperature=0 must be a number from above 0 to 1000000."
    ),
    "loss=arcface loss.metric.scale=-30": (
        "loss.metric.scale=-30 must be a number from above 0 to 1000000."
    ),
    "~scheduler.final": "The configuration lacks scheduler.final: it cannot be removed.",
    "~model.pooling": "The configuration lacks model.pooling: it cannot be removed.",
    "model.weights=": "model.weights='' must be text that is not empty.",
    "+trainer.val_check_interval=0": (
        "trainer.val_check_interval=0 must be a number from above 0 to 1, an integer of 1 or more, "
        "text that is not empty, or null."
    ),
    "+trainer._partial_=true": (
        "trainer._partial_=true must be false: pytorch_lightning.Trainer is called at once."
    ),
    "data.reader=null": "data.reader=null must be a group with a _target_.",
    "data.root=${nope}": "The configuration lacks nope, which data.root refers to.",
    "seed=null": "seed=null must be an integer from 0 to 4294967295.",
    "seed=1.5": "seed=1.5 must be an integer from 0 to 4294967295.",
    "optimizer.lr=nan": "optimizer.lr=nan must be a number from 0 to 100.",
    "+optimizer.betas=[0.9]": (
        "optimizer.betas=[0.9] must be a list of 2: a number from 0 to below 1, a number from 0 to "
        "below 1."
    ),
    "optimizer._target_=torch.optim.Adm": (
        "optimizer._target_=torch.optim.Adm cannot be imported: No module named 'torch.optim.Adm'."
    ),
    "optimizer._target_=torch.pi": (
        "optimizer._target_=torch.pi is a value, which cannot be called."
    ),
    "optimizer.lr=1e10": "optimizer.lr=10000000000.0 must be a number from 0 to 100.",
    "+optimizer.maximize=true": "optimizer.maximize=true must be false.",
    "trainer.max_epochs=0": "trainer.max_epochs=0 must be an integer of 1 or more.",
    "trainer.max_epochs=null": "trainer.max_epochs=null must be an integer of 1 or more.",
    "trainer.precision=64-true": (
        "trainer.precision=64-true must be 32-true, bf16-mixed, 16-mixed, 32, bf16 or 16."
    ),
    "+trainer.max_epoch=3": "trainer has no key max_epoch: did you mean trainer.max_epochs?",
    "model.width=0": "model.width=0 must be a number from 0.05 to 10.",
    "model.embedding=0": "model.embedding=0 must be an integer from 1 to 65536, or null.",
    "model.pooling=avgg": "model.pooling=avgg must be avg, max or gem.",
    "checkpoint_every_n_steps=0": (
        "checkpoint_every_n_steps=0 must be an integer of 1 or more, or null."
    ),
    "callbacks.best=3": "callbacks.best=3 names no constructor: choose one of its files.",
    "callbacks.findings.queries=a": (
        "callbacks.findings.queries=a must be an integer of 0 or more."
    ),
    "metric.ap=stepp": "metric.ap=stepp must be step or trapezoid.",
    "metric.distance=squared": "metric.distance=squared must be cosine or euclidean.",
    "~loss": "The configuration lacks loss: it cannot be removed.",
    "+foo=1": (
        "There is no key foo: there are augmentation, callbacks, checkpoint_every_n_steps, "
        "cuda_graphs, data, distill, "
        "logger, loss, metric, model, optimizer, recipe, resume, scheduler, seed, trainer, version."
    ),
    "+los=hard": "There is no key los: did you mean loss?",
    "callbacks.best=null": "accepted",
    "distill.logit_weight=-1": "distill.logit_weight=-1 must be a number from 0 to 1000000.",
    "distill.distance_weight=-0.5": (
        "distill.distance_weight=-0.5 must be a number from 0 to 1000000."
    ),
    "distill.temperature=0": "distill.temperature=0 must be a number from above 0 to 1000000.",
    "distill.checkpoint=[a,3]": (
        'distill.checkpoint=["a", 3] must be text that is not empty, null, or a list, each of it '
        "text that is not empty."
    ),
    "distill.checkpoint=[a,b]": "accepted",
    "distill=outputs/RUN": (
        "distill=outputs/RUN is a group, and no value: set its keys, distill.KEY=VALUE."
    ),
}
EVALUATION = {
    "retrieval=[flip] retrieval.flip=off": "retrieval.flip=off must be true or false, or null.",
    "retrieval=[rerank] retrieval.rerank.weight=nan": (
        "retrieval.rerank.weight=nan must be a number from 0 to 1."
    ),
    "retrieval=[rerank] retrieval.rerank.k1=2.5": (
        "retrieval.rerank.k1=2.5 must be an integer of 1 or more."
    ),
    "retrieval=[expansion] retrieval.expansion=3": (
        "retrieval.expansion=3 names no constructor: choose one of its files."
    ),
    "retrieval=[spatial_temporal] retrieval.spatial_temporal.file=3": (
        "retrieval.spatial_temporal.file=3 must be text that is not empty, or null (quoted, it is "
        "text: 'retrieval.spatial_temporal.file=\"3\"')."
    ),
    "retrieval=[flip] retrieval.flip=null": "accepted",
    "retrieval=[multi_query] retrieval.multi_query=null": "accepted",
    "findings.length=0": "findings.length=0 must be an integer of 1 or more.",
    "findings=null": ("findings=null is a group, and no value: set its keys, findings.KEY=VALUE."),
    "retrieval=[rerank] +retrieval.rerank._partial_=true": (
        "retrieval.rerank._partial_=true must be false: reid_lightning.retrieval.Rerank is called "
        "at once."
    ),
    "+retrieval.own={_target_:math.fsum,_partial_:true}": "accepted",
    "findings=3": "findings=3 is a group, and no value: set its keys, findings.KEY=VALUE.",
    "metric.distance=squared": "metric.distance=squared must be cosine or euclidean, or null.",
    "data.height=0": "data.height=0 must be an integer from 1 to 8192, or null.",
    "retrieval=[rerank] retrieval.rerank=null": "accepted",
    "retrieval=[spatial_temporal] retrieval.spatial_temporal=null": "accepted",
}


REQUIRED = {"data=folders": ["data.root=people"], "data=table": ["data.table=people.csv"]}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_passes(choice: str) -> None:
    check_training_config(composed("train", choice, *REQUIRED.get(choice, ())))


@pytest.mark.parametrize("step", [file.stem for file in (CONF / "retrieval").glob("*.yaml")])
def test_every_retrieval_step_passes(step: str) -> None:
    check_evaluation_config(composed("evaluate", "checkpoint=x", f"retrieval=[{step}]"))


@pytest.mark.parametrize("override", TRAINING)
def test_what_cannot_be_meant_is_refused_before_training(override: str) -> None:
    assert refusal("train", *override.split()) == TRAINING[override]


@pytest.mark.parametrize("overrides", EVALUATION)
def test_what_cannot_be_meant_is_refused_before_an_evaluation(overrides: str) -> None:
    assert refusal("evaluate", "checkpoint=x", *overrides.split()) == EVALUATION[overrides]


def test_an_evaluation_needs_a_checkpoint_or_weights() -> None:
    message = str(refusal("evaluate"))
    assert message.startswith("Name what to score: a checkpoint, ")
    assert message.endswith(" model=osnet model.weights=FILE")
    assert refusal("evaluate", "model=osnet", "model.weights=x") == "accepted"


def test_of_two_sets_of_weights_one_is_left_out() -> None:
    both = ["checkpoint=x", "model.weights=y"]
    assert str(refusal("evaluate", *both, "model=osnet")).startswith("checkpoint=… and model.w")
    assert refusal("evaluate", *both) == (
        "None of the group model is chosen: model=mobilenet_v2 | osnet | resnet50 | timm"
    )


OWN = '''
from reid_lightning.signatures import Count

def reader(folder, size: Count, names: list[str] = []):
    """A reader of the user's own."""
'''


def test_constructors_of_the_users_are_checked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_reader.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = "++data.reader={_target_:own_reader.reader,_partial_:true,size:%s}"
    assert refusal("train", own % 3) == "accepted"
    assert refusal("train", own % 0) == "data.reader.size=0 must be an integer of 1 or more."
    wrong = own % 3 + " +data.reader.sizes=3"
    message = refusal("train", *wrong.split())
    assert message == "data.reader has no key sizes: did you mean data.reader.size?"


def test_options_of_a_logger_are_known_before_it_writes() -> None:
    message = refusal("train", "logger=tensorboard", "+logger.flush=3")
    assert message == "logger has no key flush: did you mean logger.flush_secs?"


@pytest.mark.parametrize(
    ("override", "allowed"),
    [
        ("sweeper.n_trials=0", "an integer of 1 or more"),
        ("sweeper.n_jobs=0", "an integer of 1 or more"),
        ("sweeper.max_failure_rate=2", "a number from 0 to 1"),
        (
            "sweeper.direction=up",
            "minimize or maximize, or a list, each of it minimize or maximize",
        ),
        ("launcher.n_jobs=0", "an integer of -1 or less, or an integer of 1 or more"),
    ],
)
def test_values_of_hydras_plugins_are_checked_before_a_sweep(override: str, allowed: str) -> None:
    plugins = ["sweep=optuna", "hydra/launcher=joblib"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        check_sweep_config(compose("train", plugins, return_hydra_config=True))
        check_sweep_config(compose("train", return_hydra_config=True))
        config = compose("train", [*plugins, f"hydra.{override}"], return_hydra_config=True)
    with pytest.raises(ReIDError, match=rf"^hydra\.{override}.* must be {allowed}\.$"):
        check_sweep_config(config)
