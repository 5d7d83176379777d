"""Teachers from checkpoints: of the same people, or of whom distances alone are learnt."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from compose_config import composed
from omegaconf import DictConfig, OmegaConf

from reid_lightning import card
from reid_lightning.engine.teacher import Teacher
from reid_lightning.errors import ReIDError
from reid_lightning.models import osnet_embedder
from reid_lightning.models.fold import folded
from reid_lightning.run.build import build_datamodule, build_module
from reid_lightning.run.load_checkpoint import load_checkpoint
from reid_lightning.run.load_teacher import load_teacher
from reid_lightning.run.paths import expand_paths
from reid_lightning.run.training import _build

Load = Callable[..., Teacher | None]
Change = Callable[[dict], object]
PARTS = ("model.last_stride=1", "model.parts=2")  # of a student


@pytest.fixture(scope="module")
def config(tiny_overrides: list[str]) -> DictConfig:
    return composed("train", *tiny_overrides)


@pytest.fixture(scope="module")
def load(config: DictConfig) -> Load:
    """The teacher that a training would have, with keys of `distill` and of `data` as given."""

    def loaded(checkpoint: object = None, val_identities: int = 0, **distill: float) -> Any:
        keys = OmegaConf.merge(config.distill, {"checkpoint": checkpoint, **distill})
        expand_paths(keys)
        data = OmegaConf.merge(config.data, {"val_identities": val_identities})
        return load_teacher(keys, build_datamodule(data))

    return loaded


@pytest.fixture
def changed(trained_run: Path, tmp_path: Path) -> Callable[[Change], Path]:
    def write(change: Change) -> Path:
        content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
        change(content)
        torch.save(content, tmp_path / "teacher.ckpt")
        return tmp_path / "teacher.ckpt"

    return write


def test_none_is_loaded_where_none_teaches(load: Load) -> None:
    assert load() is None
    assert load("/nowhere", logit_weight=0, distance_weight=0) is None


def test_a_run_is_its_best_checkpoint_and_several_are_one_teacher(
    load: Load, trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(trained_run.parent))
    best = trained_run / "checkpoints" / "best.ckpt"
    teacher = load([f"~/{trained_run.name}", str(best)], temperature=3.0)
    assert teacher is not None and len(teacher.networks) == 2
    assert (teacher.logit_weight, teacher.distance_weight, teacher.temperature) == (1, 25, 3)
    expected = folded(load_checkpoint(best).model).state_dict()
    for member in teacher.networks:
        assert member[1:] == (64, 32, "cosine")
        weights = member.network.state_dict()
        assert weights.keys() == expected.keys()
        assert all(torch.equal(value, expected[name]) for name, value in weights.items())
    alone = load(str(best))
    assert alone is not None and alone.digest != teacher.digest


def unknown(content: dict) -> None:
    del content["identities"]


def of_others(content: dict) -> None:
    content["identities"] = content["identities"].replace("synthetic", "market1501")


def of_fewer(content: dict) -> None:
    weights = content["state_dict"]
    weights["model.classifier.weight"] = weights["model.classifier.weight"][:9]


def endless(content: dict) -> None:
    content["identities"] = "x" * 10**6


REFUSED: dict[str, tuple[Change, str]] = {
    "an earlier version's": (unknown, r"does not say whom it was trained on.*logit_weight=0"),
    "of another set": (
        of_others,
        r"of '16 people of market1501 \(\w+\)', with 16 classes, and this",
    ),
    "with a false label": (of_fewer, r"of '16 people of synthetic \(\w+\)', with 9 classes"),
    "with a label of no end": (endless, r"does not say whom it was trained on"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_predictions_of_other_people_are_refused_and_their_distances_are_not(
    case: str, load: Load, changed: Callable[[Change], Path]
) -> None:
    change, message = REFUSED[case]
    path = changed(change)
    with pytest.raises(ReIDError, match=rf"^{path} .*{message}"):
        load(str(path))
    teacher = load(str(path), logit_weight=0)
    assert teacher is not None and teacher.distance_weight == 25


def test_a_training_on_other_people_is_refused(load: Load, trained_run: Path) -> None:
    with pytest.raises(ReIDError, match=r"of '16 people .* of 12 people of synthetic .*distances"):
        load(str(trained_run), val_identities=4)
    assert load(str(trained_run), val_identities=4, logit_weight=0) is not None


def diverged(content: dict) -> None:
    content["state_dict"]["model.neck.weight"][0] = torch.nan


def own_network(content: dict) -> None:
    content["hyper_parameters"]["network"] = "mine.network"


def test_what_cannot_teach_is_a_sentence(
    load: Load, changed: Callable[[Change], Path], tmp_path: Path
) -> None:
    torch.save({"x": torch.ones(1)}, tmp_path / "weights.pth")
    (tmp_path / "notes.txt").write_text("a teacher")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReIDError, match=r"^distill\.checkpoint=\[\] names no teacher: .* none\.$"):
        load([])
    cases = {
        f"{tmp_path}/nowhere.ckpt": "nowhere.ckpt does not exist",
        f"{tmp_path}/weights.pth": "is not a checkpoint of reid-lightning",
        f"{tmp_path}/notes.txt": "cannot be read as a PyTorch file: it is text",
        f"{tmp_path}/empty": r"holds no checkpoints/best\.ckpt",
    }
    for value, message in cases.items():
        with pytest.raises(ReIDError, match=message):
            load(value)
    for change, message in (
        (diverged, "neck.weight holds NaN or infinity"),
        (own_network, "cannot be a teacher: its network is one of somebody's own, and teachers"),
    ):
        with pytest.raises(ReIDError, match=message):
            load(str(changed(change)))


def test_a_card_teaches_its_distances_alone(load: Load, trained_run: Path, tmp_path: Path) -> None:
    made = card(checkpoint=trained_run, out=tmp_path / "card")
    with pytest.raises(ReIDError, match="does not say whom it was trained on, as model cards"):
        load(str(made))
    assert load(str(made), logit_weight=0) is not None


def test_a_student_begins_with_the_weights_of_one_without_a_teacher(
    config: DictConfig, trained_run: Path
) -> None:
    taught_by = OmegaConf.merge(config, {"distill": {"checkpoint": str(trained_run)}})
    (_, alone), (_, taught) = _build(config), _build(taught_by, teacher=True)
    assert alone.teacher is None and taught.teacher is not None
    weights = taught.state_dict()
    assert alone.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in alone.state_dict().items())


def test_a_run_is_not_resumed_with_another_teacher(
    config: DictConfig, trained_run: Path, load: Load
) -> None:
    module = build_module(config, 16)
    module.teacher = load(str(trained_run))
    for kept in ({}, {"teacher": "0" * 32}):
        with pytest.raises(ReIDError, match="not the one that this run has learnt from so far"):
            module.on_load_checkpoint(kept)


@pytest.fixture(scope="module")
def osnet(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher with parts, for larger pictures, from random weights."""
    folder = tmp_path_factory.mktemp("teachers")
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    options = content["hyper_parameters"]["model"]
    del options["last_stride"], options["ibn"]
    options |= {"width": 0.25, "parts": 2, "embedding": 32}
    torch.manual_seed(0)
    weights = osnet_embedder(num_classes=16, **options).state_dict()
    content["state_dict"] = {f"model.{name}": value for name, value in weights.items()}
    content["hyper_parameters"]["network"] = "osnet"
    content["hyper_parameters"]["data"] |= {"height": 96, "width": 40}
    torch.save(content, folder / "osnet.ckpt")
    return folder / "osnet.ckpt"


def test_a_training_with_two_teachers_logs_what_it_learns_from_them(
    trained_run: Path, osnet: Path, tiny_overrides: list[str], script: Callable, tmp_path: Path
) -> None:
    teachers = f"distill.checkpoint=[{trained_run},{osnet}]"
    more = ["callbacks=averaged", "trainer.precision=bf16-mixed", "+trainer.limit_train_batches=3"]
    done = script(
        "train.py", *tiny_overrides, *PARTS, teachers, *more, "hydra.run.dir=run", cwd=tmp_path
    )
    assert f"Learning from: {trained_run}, {osnet}." in done.stdout
    with (tmp_path / "run" / "metrics.csv").open() as file:
        row = next(csv.DictReader(file))
    for term in ("logits", "distances"):
        assert float(row[f"train/loss_distill_{term}"]) > 0
    best = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    assert not [name for name in best["state_dict"] if "teacher" in name]
    assert best["hyper_parameters"]["distill"]["temperature"] == 4
    assert best["identities"].startswith("16 people of synthetic (")


def test_without_a_teacher_nothing_of_one_is_kept(trained_run: Path) -> None:
    assert "distill" not in (trained_run / "metrics.csv").read_text()
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    assert "distill" not in content["hyper_parameters"] and "teacher" not in content


@pytest.mark.slow
def test_two_processes_learn_from_teachers_as_one_does(
    osnet: Path,
    tiny_overrides: list[str],
    script: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half the identities in each, frozen batch normalisation; a few steps.

    Without statistics of the batch, random weights give tiny embeddings, and gradients of 10⁷: more
    steps would raise any rounding. `test_teacher.py` compares the gradients.
    """
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    losses = []
    for processes in (1, 2):
        file = tmp_path / f"{processes}.txt"
        script(
            "train.py",
            *tiny_overrides,
            *PARTS,
            f"distill.checkpoint={osnet}",
            f"trainer.devices={processes}",
            f"data.p={4 // processes}",
            "data.k=2",
            f"+callbacks.probe={{_target_: probes.FollowLoss, path: {file}}}",
            "+trainer.limit_train_batches=3",
            f"hydra.run.dir=run{processes}",
            cwd=tmp_path,
        )
        losses.append([float(line) for line in file.read_text().split()])
    one, two = losses
    assert len(one) == 3 and len({*one}) == 3
    assert two == pytest.approx(one, rel=1e-3)


def test_who_is_trained_on_is_told_apart(config: DictConfig) -> None:
    def identities(**changes: Any) -> str:
        return build_datamodule(OmegaConf.merge(config.data, changes)).folder.identities

    plain = identities()
    assert plain.startswith("16 people of synthetic (") and plain == identities(height=32)
    held_out = {identities(val_identities=n) for n in (3, 4)}
    assert len({plain, identities(name="mine"), *held_out}) == 4
