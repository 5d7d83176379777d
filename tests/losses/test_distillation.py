"""What a student learns from teachers, against loops over the definitions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid_lightning.losses.distillation import distilled_distances, distilled_logits

FEWER_EXAMPLES = settings(max_examples=40, deadline=None)
SEEDS = st.integers(0, 10**6)
HEADS = {"one head": (5, 7), "three heads": (5, 3, 7)}


def sample(*shape: int, seed: int = 0, scale: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)


def softmax(logits: list[float], temperature: float) -> list[float]:
    powers = [math.exp(x / temperature) for x in logits]
    return [power / sum(powers) for power in powers]


def heads_of(logits: Tensor, picture: int) -> list[list[float]]:
    rows = logits[picture].tolist()
    return rows if logits.dim() == 3 else [rows]


def slow_logits(student: Tensor, teachers: list[Tensor], temperature: float) -> float:
    """Hinton et al. 2015, one picture, head and person at a time."""
    total, count = 0.0, 0
    for picture in range(len(student)):
        targets = [0.0] * student.shape[-1]
        for teacher in teachers:
            heads = heads_of(teacher, picture)
            for head in heads:
                for person, p in enumerate(softmax(head, temperature)):
                    targets[person] += p / len(heads) / len(teachers)
        for head in heads_of(student, picture):
            count += 1
            for p, q in zip(targets, softmax(head, temperature), strict=True):
                total += temperature**2 * p * (math.log(p) - math.log(q))
    return total / count


def slow_distances(student: Tensor, teachers: list[Tensor]) -> float:
    """Park et al. 2019, RKD-D, one pair at a time."""
    pairs = [(i, j) for i in range(len(student)) for j in range(len(student)) if i != j]

    def relative(points: Tensor) -> dict[tuple[int, int], float]:
        rows = points.tolist()
        found = {(i, j): math.dist(rows[i], rows[j]) for i, j in pairs}
        mean = sum(found.values()) / len(pairs)
        return {pair: distance / mean for pair, distance in found.items()}

    ours, theirs = relative(student), [relative(teacher) for teacher in teachers]
    total = 0.0
    for pair in pairs:
        gap = abs(ours[pair] - sum(one[pair] for one in theirs) / len(theirs))
        total += gap**2 / 2 if gap <= 1 else gap - 0.5
    return total / len(pairs)


@pytest.mark.parametrize("shape", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_logits_are_learnt_as_the_definition_says(
    shape: tuple[int, ...], temperature: float
) -> None:
    teachers = [sample(5, 7, seed=1), sample(5, 4, 7, seed=2)]
    student = sample(*shape)
    for taught_by in (teachers[:1], teachers[1:], teachers):
        expected = slow_logits(student, taught_by, temperature)
        assert float(distilled_logits(student, taught_by, temperature)) == pytest.approx(expected)


def test_distances_are_learnt_as_the_definition_says() -> None:
    student = sample(6, 3)
    far = torch.cat([sample(5, 8, seed=1), sample(1, 8, seed=2, scale=30.0)])  # gaps above 1, too
    teachers = [far, sample(6, 2, seed=3)]
    for taught_by in (teachers[:1], teachers[1:], teachers):
        expected = slow_distances(student, taught_by)
        assert float(distilled_distances(student, taught_by)) == pytest.approx(expected)


def test_logits_by_hand() -> None:
    """Of ln 3 and 0 at temperature 1: ¾ and ¼, learnt by a student that says ½ and ½."""
    teacher, student = torch.tensor([[math.log(3), 0.0]]), torch.zeros(1, 2)
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert float(distilled_logits(student, [teacher], 1.0)) == pytest.approx(expected)
    # The same at temperature 2 with twice the logits, times 2².
    assert float(distilled_logits(student, [2 * teacher], 2.0)) == pytest.approx(4 * expected)


def test_distances_by_hand() -> None:
    """Distances 1, 1, 2 have the mean 4/3, and 1, 1, 1 the mean 1: gaps of ¼, ¼ and ½."""
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    triangle = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]])
    expected = (0.25**2 + 0.25**2 + 0.5**2) / 2 / 3
    assert float(distilled_distances(line, [triangle])) == pytest.approx(expected)


@pytest.mark.parametrize("shape", HEADS.values(), ids=HEADS)
@given(seed=SEEDS, temperature=st.floats(0.5, 20))
@FEWER_EXAMPLES
def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn(
    shape: tuple[int, ...], seed: int, temperature: float
) -> None:
    one_head = sample(5, 7, seed=seed)
    student = one_head if len(shape) == 2 else one_head[:, None].repeat(1, 3, 1)
    student.requires_grad_()
    loss = distilled_logits(student, [one_head], temperature)
    loss.backward()
    assert float(loss) == pytest.approx(0, abs=1e-12)
    assert student.grad is not None and student.grad.abs().max() < 1e-12


@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
@FEWER_EXAMPLES
def test_the_scale_of_embeddings_means_nothing(seed: int, scale: float) -> None:
    student, teacher = sample(6, 3, seed=seed), sample(6, 4, seed=seed + 1)
    assert float(distilled_distances(scale * student, [student])) == pytest.approx(0, abs=1e-12)
    loss = float(distilled_distances(student, [teacher]))
    assert float(distilled_distances(scale * student, [teacher / scale])) == pytest.approx(loss)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_raised_first(dtype: torch.dtype) -> None:
    student, teacher = sample(6, 7).to(dtype), sample(6, 7, seed=1).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        losses = distilled_logits(student, [teacher], 4.0), distilled_distances(student, [teacher])
    assert {loss.dtype for loss in losses} == {torch.float32}
    exact = distilled_logits(student.double(), [teacher.double()], 4.0)
    assert float(losses[0]) == pytest.approx(float(exact), rel=1e-5)
    exact = distilled_distances(student.double(), [teacher.double()])
    assert float(losses[1]) == pytest.approx(float(exact), rel=1e-5)


@pytest.mark.parametrize(
    "points", [torch.ones(4, 3), torch.ones(1, 3), torch.zeros(3, 2)], ids=["equal", "one", "zero"]
)
def test_embeddings_without_a_distance_have_a_finite_gradient(points: Tensor) -> None:
    points = points.clone().requires_grad_()
    loss = distilled_distances(points, [sample(len(points), 5).float()])
    loss.backward()
    assert loss.isfinite() and points.grad is not None and points.grad.isfinite().all()


def test_certain_predictions_have_a_finite_loss_and_gradient() -> None:
    student = torch.tensor([[1000.0, 0.0]], requires_grad=True)
    loss = distilled_logits(student, [torch.tensor([[0.0, 1000.0]])], 1.0)
    loss.backward()
    assert float(loss) == pytest.approx(1000)
    assert torch.equal(student.grad, torch.tensor([[1.0, -1.0]]))
