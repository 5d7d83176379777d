"""What a training refuses and what it says before it begins."""

import logging
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.run.build import build_module
from reid_lightning.run.check_meaning import check_meaning
from reid_lightning.run.hydra_app import CONF
from reid_lightning.run.processes import Processes

Check = Callable[..., None]


@pytest.fixture
def check(tiny_overrides: list[str], caplog: pytest.LogCaptureFixture) -> Check:
    """Checks what a training with these overrides would do, of `splits` if given."""

    def run(
        *overrides: str,
        processes: int = 1,
        device: str = "cpu",
        splits: Splits | None = None,
        backbone: torch.nn.Module | None = None,
        factor: Callable[[float, int], float] | None = None,
    ) -> str:
        caplog.clear()
        short = ["trainer.max_epochs=3", "++scheduler.warmup_epochs=1", "data.width=64"]
        if any(o in ("scheduler=exponential", "scheduler=constant") for o in overrides):
            short.remove("++scheduler.warmup_epochs=1")
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("train", [*tiny_overrides, *short, *overrides])
        datamodule = instantiate(config.data)
        if splits is not None:
            datamodule.folder.official = splits
        module = build_module(config, datamodule.num_classes)
        module.model.backbone = backbone or module.model.backbone
        module.scheduler = factor or module.scheduler
        with caplog.at_level(logging.WARNING):
            on = Processes((torch.device(device),), processes, processes)
            check_meaning(config, datamodule, module, on, list(overrides))
        return caplog.text

    return run


def people(*, pids: int, cameras: int = 2, pictures: int = 2) -> Splits:
    """`pids` training identities, and two others with a query and a match each."""
    train = tuple(
        Sample(Path(f"{pid}_{camid}_{i}.jpg"), pid, camid)
        for pid in range(1, pids + 1)
        for camid in range(cameras)
        for i in range(pictures)
    )
    query = tuple(Sample(Path(f"q{pid}"), pid, 0) for pid in (100, 101))
    return Splits(train, query, tuple(replace(q, path=Path("g"), camid=1) for q in query))


def no_optimizer(groups: object, **options: object) -> str:
    return "none"


def refusal(check: Check, *overrides: str, **more: object) -> str:
    with pytest.raises(Exception) as caught:
        check(*overrides, **more)
    message = error_message(caught.value)
    assert message is not None, caught.value
    return message


REFUSED = {
    "no positives": (["data.k=1"], "data.k=1 gives every picture of a batch no other one"),
    "no negatives": (["data.p=1"], "data.p=1 gives every batch one person alone"),
    "of quadruplets": (["data.k=1", "loss=quadruplet"], "data.k=1"),
    "of all triplets": (["data.p=1", "loss=batch_all"], "data.p=1"),
    "nothing told apart": (["loss=softmax", "loss.id_weight=0"], "Nothing would be trained"),
    "both weights": (["loss.metric_weight=0", "loss.id_weight=0"], "Nothing would be trained"),
    "no batch": (["+trainer.limit_train_batches=0"], "limit_train_batches or trainer.max_steps"),
    "no step": (["+trainer.max_steps=0"], "limit_train_batches or trainer.max_steps"),
    "interval": (["+trainer.val_check_interval=1000"], "=1000 must be at most .*steps of an epoch"),
    "a rate": (["optimizer.lr=-1"], "Invalid learning rate: -1"),
    "no rate at all": (["optimizer.lr=nan"], "Invalid learning rate: nan"),
    "betas": (["+optimizer.betas=[0.9,1]"], "Invalid beta parameter"),
    "momentum": (["optimizer=sgd", "optimizer.momentum=0"], "Nesterov momentum requires"),
    "all rates zero": (
        ["scheduler=warmup_multistep", "scheduler.milestones=[0]", "scheduler.gamma=0"],
        "learning rate is always 0",
    ),
    "no optimizer": ([f"optimizer._target_={__name__}.no_optimizer"], "no torch .* but str"),
    "a monitor": (["callbacks.best.monitor=val/map"], "val/map is never computed: .*val/mAP"),
    "another's": (["callbacks.best.monitor=test/mAP"], "test/mAP is never computed"),
    "the worst": (["callbacks.best.mode=min"], "would keep the worst val/mAP"),
    "no test": (["+trainer.limit_test_batches=0"], "limit_test_batches=0 leaves too few"),
    "queries alone": (
        ["+trainer.limit_val_batches=1", "data.eval_batch_size=4"],
        "pictures validated on .*trainer.limit_val_batches=1 leaves too few",
    ),
    "a share": (
        ["+trainer.limit_test_batches=0.05", "data.eval_batch_size=4"],
        "query and gallery of synthetic.*limit_test_batches=0.05",
    ),
    "overfit": (["+trainer.overfit_batches=1", "data.eval_batch_size=4"], "No query has a match"),
    "one part": (["model.parts=1"], "model.parts=1 would pool the whole map twice"),
    "parts": (["model.parts=3"], "model.parts=3 needs as many rows in the map, which has 2"),
    "parts of weights": (["model.parts=2", "loss=arcface"], "weights for features of one size"),
    "fast": (["+trainer.fast_dev_run=true", "data.eval_batch_size=4"], "No query has a match"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_before_it_starts(case: str, check: Check) -> None:
    overrides, message = REFUSED[case]
    assert re.search(message, refusal(check, *overrides), re.DOTALL)


WARNED = {
    "warm-up": (["scheduler.warmup_epochs=3"], "never reaches optimizer.lr"),
    "steps": (["scheduler=warmup_multistep", "scheduler.warmup_epochs=5"], "never reaches"),
    "milestone": (
        ["scheduler=warmup_multistep", "scheduler.warmup_epochs=1", "scheduler.milestones=[0.5,1]"],
        "the run's end: it never takes effect",
    ),
    "rate": (["optimizer.lr=0"], "optimizer.lr=0 trains nothing"),
    "frozen": (["model.freeze_backbone_epochs=3"], "backbone is never trained"),
    "euclidean": (["loss.margin=2", "loss.normalize=true"], "loss.margin=2 can never be met"),
    "squared": (["loss=semihard", "loss.margin=4.5"], "farther apart than 4"),
    "cosine": (["loss.margin=2", "loss.distance=cosine"], "farther apart than 2"),
    "two people": (["loss=quadruplet", "data.p=2"], "no third person"),
    "of peers": (["loss=multi_similarity", "data.k=1"], "no pairs of one person and of two"),
    "smoothing": (["loss.id_weight=0", "loss.label_smoothing=0.2"], "label_smoothing has no"),
    "no metric": (["loss=softmax", "+loss.metric_weight=0.5"], "loss.metric_weight has no effect"),
    "unvalidated": (["trainer.check_val_every_n_epoch=4"], "Nothing will be validated"),
    "no validation": (["+trainer.limit_val_batches=0"], "Nothing will be validated"),
    "checkpoints": (["checkpoint_every_n_steps=1000"], "every_n_steps=1000 has no effect"),
    "least": (["+trainer.min_epochs=4"], "trainer.min_epochs=4 has no effect"),
    "average": (["callbacks=averaged", "callbacks.ema.decay=0.9999"], "near the first weights"),
    "small": (["data.height=16", "data.width=16"], "has one position"),
    "crop": (["augmentation.crop_padding=1"], "out of its frame"),
    "flip": (["augmentation.flip=1"], "mirrors every training picture"),
}


@pytest.mark.parametrize("case", WARNED)
def test_what_is_seldom_meant_is_said_once(case: str, check: Check) -> None:
    overrides, message = WARNED[case]
    text = check(*overrides)
    assert text.count(message) == 1 and text.count("WARNING") == 1


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["loss=softmax", "data.k=1"],
        ["loss=softmax", "data.p=1"],
        ["loss=hard", "loss.metric_weight=0", "data.k=1"],
        ["loss=arcface", "data.k=1"],
        ["loss=hard", "loss.margin=30"],
        ["loss.id_weight=0"],
        ["loss.margin=1.9", "loss.normalize=true"],
        ["scheduler=exponential"],
        ["scheduler=constant"],
        ["callbacks.best.monitor=val/rank1", "callbacks.collapse=null"],
        ["callbacks.best.monitor=train/loss", "callbacks.best.mode=min"],
        [
            "+metric.extra_scores.own={_target_:builtins.len,_partial_:true}",
            "callbacks.best.monitor=val/own",
        ],
        ["trainer.check_val_every_n_epoch=3", "+trainer.accumulate_grad_batches=2"],
        ["+trainer.limit_test_batches=0.9", "data.eval_batch_size=8"],
    ],
)
def test_nothing_is_said_of_what_is_often_meant(overrides: list[str], check: Check) -> None:
    assert check(*overrides) == ""


def test_the_people_of_all_processes_are_one_batch_unless_they_are_not_gathered(
    check: Check,
) -> None:
    assert check("data.p=1", processes=2) == ""
    assert "data.p=1" in refusal(check, "data.p=1", "loss.gather=false", processes=2)


def test_a_part_of_the_batches_has_more_pictures_on_a_gpu(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_lightning.data.eval_batches._ON_CPU", 4)
    part = ["+trainer.limit_val_batches=1", "data.eval_batch_size=null"]
    assert "limit_val_batches=1 leaves too few" in refusal(check, *part)
    assert check(*part, device="cuda") == ""


def test_one_identity_is_not_enough_to_train_on(check: Check) -> None:
    for loss in ("hard", "softmax"):
        message = refusal(check, f"loss={loss}", "data.p=1", splits=people(pids=1))
        assert "synthetic has one identity to train on" in message


def test_pictures_that_are_the_only_one_of_their_person_make_no_pair(check: Check) -> None:
    alone = people(pids=8, cameras=1, pictures=1)
    assert "No training identity has a second picture" in check(splits=alone)
    assert check("loss=softmax", splits=alone) == ""


@pytest.mark.parametrize("held_out", [0, 2])
def test_a_test_without_a_match_is_found_before_the_training(held_out: int, check: Check) -> None:
    splits = people(pids=8)
    one_camera = replace(splits, gallery=tuple(replace(s, camid=0) for s in splits.gallery))
    junk = replace(splits, query=tuple(replace(s, pid=-1) for s in splits.query))
    for broken in (one_camera, junk, replace(splits, gallery=splits.train)):
        message = refusal(check, f"data.val_identities={held_out}", splits=broken)
        assert "No query has a match from another camera" in message


@pytest.mark.parametrize("factor", [math.nan, math.inf, -0.5])
def test_a_schedule_of_ones_own_gives_finite_factors(factor: float, check: Check) -> None:
    message = refusal(check, factor=lambda epoch, epochs: factor if epoch > 1 else 1.0)
    assert f"at epoch 1.005 is {factor}: it must be" in message


def test_a_schedule_of_ones_own_does_not_lose_the_weights(check: Check) -> None:
    message = refusal(check, "trainer.max_epochs=30", factor=math.pow)
    assert re.search(r"learning rate to \S+ at epoch 1.*weights are lost above 100", message)
    text = check("scheduler=constant", factor=lambda epoch, epochs: 10)
    assert text.count("WARNING") == 1 and "above optimizer.lr, to 10 times it" in text


@pytest.mark.parametrize("factor", [math.exp, math.log, lambda epoch, epochs: "a"])
def test_a_schedule_of_ones_own_gives_numbers(
    factor: Callable[[float, int], float], check: Check
) -> None:
    assert "scheduler._target_ gives no factor of optimizer.lr" in refusal(check, factor=factor)


def test_a_network_whose_maps_do_not_fit_its_head_is_an_error(check: Check) -> None:
    backbone = torch.nn.Conv2d(3, 8, 3)
    backbone.num_features = 16
    message = refusal(check, backbone=backbone)
    assert message == "The backbone's maps have 8 channels, and its num_features is 16."


def test_a_network_that_pictures_are_too_small_for_is_an_error(check: Check) -> None:
    unpadded = torch.nn.Conv2d(3, 8, 99)
    assert "no pictures of data.height=64 × data.width=64" in refusal(check, backbone=unpadded)

    class OfOneSize(torch.nn.Identity):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise AssertionError("Input height (64) doesn't match model (224)")

    assert "doesn't match model (224)" in refusal(check, backbone=OfOneSize())

    class Cropped(torch.nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x)[:, :, 64:]

    assert "Nothing is left of a picture" in refusal(check, backbone=Cropped(3, 8, 1))

    class WithoutWords(torch.nn.Identity):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise AssertionError  # as some of timm do

    assert "data.width=64: AssertionError" in refusal(check, backbone=WithoutWords())
    unpadded = torch.nn.Conv2d(3, 1280, 5)
    unpadded.num_features = 1280
    assert check(backbone=unpadded) == ""


def test_instance_normalisation_shares_no_statistics_between_processes(check: Check) -> None:
    assert "ibn" not in check("model.ibn=true")
    with pytest.raises(ReIDError, match=r"model\.ibn=true has the batch's statistics of each"):
        check("model.ibn=true", "trainer.sync_batchnorm=true", processes=2, device="cuda")
