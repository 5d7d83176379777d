"""The teacher of a training: what it sees, what it costs a student, and of what it is no part."""

import copy
from typing import Any

import pytest
import torch
from graph_stand_in import SmallBackbone
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from warm_start import in_processes

from reid_lightning.distances import unit_norm
from reid_lightning.engine.teacher import Teacher, TeacherNetwork
from reid_lightning.losses.distillation import distilled_distances, distilled_logits
from reid_lightning.models import Embedder, Features

CLASSES, BATCH = 6, 8
WEIGHTS: dict[str, Any] = {"logit_weight": 0.5, "distance_weight": 2.0, "temperature": 3.0}
LOGITS, DISTANCES = "loss_distill_logits", "loss_distill_distances"


def network(seed: int = 0, **options: Any) -> Embedder:
    """A small one, with weights and statistics that tell pictures apart."""
    torch.manual_seed(seed)
    made = Embedder(SmallBackbone(), CLASSES, **options)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.5)
    for module in made.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.running_mean)
    return made


def members() -> list[TeacherNetwork]:
    """Of other sizes than the student's, one with parts."""
    return [
        TeacherNetwork(network(1), 20, 12, "cosine"),
        TeacherNetwork(network(2, parts=2), 16, 8, "euclidean"),
        TeacherNetwork(network(3, embedding=3), 10, 6, "cosine"),
    ]


def pictures() -> Tensor:
    return torch.randn(BATCH, 3, 16, 8, generator=torch.Generator().manual_seed(5))


def losses(teacher: Teacher, student: Embedder, images: Tensor) -> dict[str, Tensor]:
    return teacher.losses(images, student(images), "cosine", gather="auto")


@pytest.mark.parametrize("parts", [0, 2])
def test_a_student_learns_what_its_teachers_say_of_the_same_pictures(parts: int) -> None:
    images, student = pictures(), network(parts=parts).train()
    found = losses(Teacher(members(), **WEIGHTS), student, images)
    taught = []
    with torch.no_grad():
        for member in members():
            size = (member.height, member.width)
            resized = F.interpolate(images, size, mode="bilinear", antialias=True)
            taught.append(member.network.eval()(resized))
    ours = network(parts=parts).train()(images)
    points = [unit_norm(taught[0].retrieval), taught[1].retrieval, unit_norm(taught[2].retrieval)]
    expected = {
        LOGITS: distilled_logits(ours.logits, [f.logits for f in taught], 3.0),
        DISTANCES: distilled_distances(unit_norm(ours.retrieval), points),
    }
    expected["loss"] = 0.5 * expected[LOGITS] + 2 * expected[DISTANCES]
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    assert min(map(float, expected.values())) > 1e-3


def test_a_teacher_of_the_students_size_sees_the_very_pictures() -> None:
    images, seen = pictures(), list[Tensor]()
    teacher = Teacher([TeacherNetwork(network(1), 16, 8, "cosine")], **WEIGHTS)
    teacher.networks[0].network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    losses(teacher, network(), images)
    assert len(seen) == 1 and torch.equal(seen[0], images)


@pytest.mark.parametrize(("left_out", "kept"), [(LOGITS, DISTANCES), (DISTANCES, LOGITS)])
def test_a_term_of_weight_0_is_not_computed(
    left_out: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("computed")

    name = {LOGITS: "logit_weight", DISTANCES: "distance_weight"}[left_out]
    function = left_out.replace("loss_distill", "distilled")
    monkeypatch.setattr(f"reid_lightning.engine.teacher.{function}", fail)
    found = losses(Teacher(members(), **WEIGHTS | {name: 0}), network(), pictures())
    assert found.keys() == {"loss", kept}


def test_the_gradient_is_the_students_alone_and_nothing_of_the_teacher_moves() -> None:
    teacher, student, images = Teacher(members(), **WEIGHTS), network(), pictures()
    networks = [member.network for member in teacher.networks]
    before = copy.deepcopy([n.state_dict() for n in networks])
    losses(teacher, student, images)["loss"].backward()
    assert all(p.grad is not None for p in student.parameters() if p.requires_grad)
    assert all(p.grad is None for n in networks for p in n.parameters())
    assert all(not module.training for n in networks for module in n.modules())
    for one, kept in zip(networks, before, strict=True):
        assert all(torch.equal(value, kept[name]) for name, value in one.state_dict().items())


def test_copies_of_a_student_share_its_teacher() -> None:
    student: Any = network()
    student.teacher = Teacher(members(), **WEIGHTS)
    assert copy.deepcopy(student).teacher is student.teacher
    assert "teacher" not in "".join(student.state_dict())


def test_it_computes_in_the_students_precision_and_its_losses_in_float32() -> None:
    teacher, dtypes = Teacher(members(), **WEIGHTS), list[torch.dtype]()

    def keep(_: nn.Module, __: Any, output: Features) -> None:
        dtypes.append(output.logits.dtype)

    for member in teacher.networks:
        member.network.register_forward_hook(keep)
    whole = losses(teacher, network(), pictures())
    with torch.autocast("cpu", torch.bfloat16):
        half = losses(teacher, network(), pictures())
    assert dtypes == [torch.float32] * 3 + [torch.bfloat16] * 3
    for name, value in half.items():
        assert value.dtype == torch.float32
        assert float(value) == pytest.approx(float(whole[name]), rel=0.1)


def loss_and_gradients(rank: int, world_size: int, gather: Any) -> tuple[Tensor, list[Tensor]]:
    """Of this rank's share of the pictures; the student's batch normalisation is frozen."""
    images, student = pictures(), network(parts=2).eval()
    share = images[rank * BATCH // world_size : (rank + 1) * BATCH // world_size]
    teacher, parameters = Teacher(members(), **WEIGHTS), list(student.parameters())
    wrapped: nn.Module = DistributedDataParallel(student) if world_size > 1 else student
    loss = teacher.losses(share, wrapped(share), "cosine", gather=gather)["loss"]
    loss = loss + 0 * sum(p.sum() for p in parameters)  # DDP waits for a gradient of every one
    loss.backward()
    return loss.detach(), [p.grad for p in parameters if p.grad is not None]


def compare_with_one_process(rank: int, port: int) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    loss, gradients = loss_and_gradients(rank, 2, "auto")
    alone, _ = loss_and_gradients(rank, 2, False)
    for value in (loss, alone):
        torch.distributed.all_reduce(value)
    torch.distributed.destroy_process_group()
    expected, theirs = loss_and_gradients(0, 1, "auto")
    torch.testing.assert_close(loss / 2, expected)
    assert len(gradients) == len(theirs) > 5
    for ours, one in zip(gradients, theirs, strict=True):
        torch.testing.assert_close(ours, one, atol=1e-5, rtol=1e-4)
    assert abs(float(alone / 2 - expected)) > 1e-4, "the distances of each rank's own pictures"


def test_two_processes_learn_what_one_does(free_port: int) -> None:
    in_processes(compare_with_one_process, (free_port,), 2)
