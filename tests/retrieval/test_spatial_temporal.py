"""The distributions and their lookup against plain loops over fractions, and their laws."""

import math
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from experiments.market1501_time.run import Study
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal, joint_score
from reid_lightning.retrieval.transit import probability, transit_distributions

Table = dict[tuple[int, int], list[float]]


def slow_distributions(pids: Tensor, camids: Tensor, times: Tensor) -> Table:
    """[later, earlier] -> 5000 bins, as the paper is worded."""
    times_of: dict[int, dict[int, list[int]]] = {}
    for pid, camid, time in zip(pids.tolist(), camids.tolist(), times.tolist(), strict=True):
        if pid >= 0 and time >= 0:
            times_of.setdefault(pid, {}).setdefault(camid, []).append(time)
    table: Table = {}
    for cameras in times_of.values():
        means = {camid: Fraction(sum(t), len(t)) for camid, t in cameras.items()}
        for late, early in permutations(means, 2):
            if (means[late], late) > (means[early], early):
                bin_ = math.floor((means[late] - means[early]) / 100)
                if bin_ < 5000:
                    table.setdefault((late, early), [0.0] * 5000)[bin_] += 1
    return {pair: normalised(smoothed(normalised(row))) for pair, row in table.items()}


def normalised(row: list[float]) -> list[float]:
    total = math.fsum(row)
    return [x / total for x in row]


def smoothed(row: list[float]) -> list[float]:
    smooth = [0.0] * len(row)
    for centre, weight in enumerate(row):
        for i in range(max(0, centre - 150), min(len(row), centre + 151)) if weight else ():
            smooth[i] += weight * math.exp(-((i - centre) ** 2) / (2 * 50**2))
    return smooth


def slow_probability(table: Table, query: tuple[int, int], gallery: tuple[int, int]) -> float:
    (late_time, late), (early_time, early) = sorted([query, gallery], reverse=True)
    bin_ = (late_time - early_time) // 100
    if early_time < 0 or bin_ >= 5000 or (late, early) not in table:
        return 0.0
    return table[late, early][bin_]


def sample(seed: int, pictures: int, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """pids from -1, camids, times from -1; whole hundreds, so that gaps fall on bins' borders."""
    g = torch.Generator().manual_seed(seed)
    times = torch.randint(0, most, (pictures,), generator=g) // 50 * 50
    times[torch.rand(pictures, generator=g) < 0.1] = -1
    return (
        torch.randint(-1, 6, (pictures,), generator=g),
        torch.randint(0, 4, (pictures,), generator=g),
        times,
    )


@given(st.integers(0, 10**6), st.sampled_from([500, 20_000, 700_000]))
@settings(max_examples=30, deadline=None)
def test_equals_the_slow_reference(seed: int, most: int) -> None:
    pids, camids, times = sample(seed, 25, most)
    table = slow_distributions(pids, camids, times)
    distributions = transit_distributions(pids, camids, times, cameras=4)
    assert distributions.shape == (4, 4, 5000) and distributions.dtype == torch.float32
    for pair in permutations(range(4), 2):
        expected = torch.tensor(table.get(pair, [0.0] * 5000))
        assert torch.allclose(distributions[pair], expected, rtol=1e-6, atol=0)
        assert torch.equal(distributions[pair] == 0, expected == 0)
    assert not distributions.diagonal().any()

    _, q_camids, q_times = sample(seed + 1, 7, most)
    p = probability(distributions, q_camids, q_times, camids, times)
    for i, query in enumerate(zip(q_times.tolist(), q_camids.tolist(), strict=True)):
        for j, gallery in enumerate(zip(times.tolist(), camids.tolist(), strict=True)):
            assert float(p[i, j]) == pytest.approx(
                slow_probability(table, query, gallery), rel=1e-6
            )


@given(st.integers(0, 10**6), st.integers(0, 10**9))
@settings(max_examples=30, deadline=None)
def test_laws(seed: int, shift: int) -> None:
    pids, camids, times = sample(seed, 40, 600_000)
    table = transit_distributions(pids, camids, times)
    total = table.sum(-1)
    assert torch.where(total == 0, 1.0, total).sub(1).abs().max() < 1e-5
    shifted = times.where(times < 0, times + shift)
    assert torch.equal(transit_distributions(pids, camids, shifted), table)

    _, q_camids, q_times = sample(seed + 1, 9, 600_000)
    p = probability(table, q_camids, q_times, camids, times)
    assert torch.equal(probability(table, camids, times, q_camids, q_times).T, p)
    q_shifted = q_times.where(q_times < 0, q_times + shift)
    assert torch.equal(probability(table, q_camids, q_shifted, camids, shifted), p)


def tiny() -> SpatialTemporal:
    """Person 5: mean 1000 at camera 0, 1250 at camera 2. The rest is not used."""
    return SpatialTemporal.fit(
        pids=torch.tensor([5, 5, 5, 5, -1, -1, -2, -2]),
        camids=torch.tensor([0, 0, 2, 1, 0, 1, 0, 1]),
        times=torch.tensor([900, 1100, 1250, -1, 0, 50, 0, 50]),
    )


def test_a_tiny_case_by_hand() -> None:
    model = tiny()
    assert model.distributions.sum(-1).nonzero().tolist() == [[2, 0]]
    bell = [math.exp(-((i - 2) ** 2) / 5000) for i in range(153)]  # bin 2; bins 0..152
    row = model.distributions[2, 0]
    assert row[:153].tolist() == pytest.approx([x / sum(bell) for x in bell])
    assert not row[153:].any()
    p = model.probability(
        torch.tensor([0]),
        torch.tensor([7000]),
        # later at camera 2, bins 2, 0, 152, 153; earlier; camera 1; same; unknown ones; no time
        torch.tensor([2, 2, 2, 2, 2, 1, 0, 3, -1, 2]),
        torch.tensor([7299, 7000, 22299, 22300, 6800, 7299, 7299, 7299, 7299, -1]),
    )
    peaks = [bell[i] / sum(bell) for i in (2, 0, 152)]
    assert p[0].tolist() == pytest.approx([*peaks, *[0.0] * 7])


def test_at_equal_times_the_larger_camera_number_is_later() -> None:
    table = transit_distributions(torch.tensor([1, 1]), torch.tensor([0, 1]), torch.tensor([9, 9]))
    assert table.sum(-1).nonzero().tolist() == [[1, 0]]
    forth = probability(table, *map(torch.tensor, ([0], [4], [1], [4])))
    back = probability(table, *map(torch.tensor, ([1], [4], [0], [4])))
    assert forth.item() == back.item() > 0


def test_a_gap_beyond_the_last_bin_takes_no_weight_and_has_none() -> None:
    pids, camids = torch.tensor([1, 1, 2, 2]), torch.tensor([0, 1, 0, 1])
    far = transit_distributions(pids, camids, torch.tensor([0, 100, 0, 500_000]))
    near = transit_distributions(pids[:2], camids[:2], torch.tensor([0, 100]))
    assert torch.equal(far, near)
    last = transit_distributions(pids[:2], camids[:2], torch.tensor([0, 499_999]))
    p = probability(last, *map(torch.tensor, ([0], [0], [1, 1], [499_999, 500_000])))
    assert p[0, 0] > 0 and p[0, 1] == 0


def test_joint_score_is_the_papers_formula() -> None:
    s, p = torch.rand(3, 4) * 2 - 1, torch.rand(3, 4) / 50
    expected = 1 / (1 + torch.exp(-5 * s)) * 1 / (1 + 2 * torch.exp(-5 * p))
    assert torch.allclose(joint_score(s, p), expected)
    assert joint_score(s.double(), p).dtype == torch.float64
    assert joint_score(s.half(), p).dtype == torch.float32


def test_save_and_load(tmp_path: Path) -> None:
    model = tiny()
    model.save(tmp_path / "times.pt")
    assert torch.equal(
        SpatialTemporal.load(tmp_path / "times.pt").distributions, model.distributions
    )


def test_cameras_are_numbered_by_those_that_there_are(tmp_path: Path) -> None:
    large = torch.tensor([10**12, 2, 7])

    def probabilities(camids: Tensor, model: SpatialTemporal) -> Tensor:
        return model.probability(camids, torch.tensor([0, 100, 300]), camids, camids * 0 + 99)

    order = torch.tensor([2, 0, 1])  # of the same cameras, numbered from 0
    pids, times = torch.tensor([1, 1, 1]), torch.tensor([250, 0, 120])
    model, small = (SpatialTemporal.fit(pids, camids, times) for camids in (large, order))
    assert model.cameras.tolist() == [2, 7, 10**12]
    assert torch.equal(model.distributions, small.distributions)
    assert torch.equal(probabilities(large, model), probabilities(order, small))
    model.save(tmp_path / "times.pt")
    loaded = SpatialTemporal.load(tmp_path / "times.pt")
    assert torch.equal(probabilities(large, loaded), probabilities(large, model))
    unknown = model.probability(large, times, torch.tensor([0, 5, 10**13]), times)
    assert not unknown.any()


def test_a_file_of_an_earlier_version_has_cameras_from_0(tmp_path: Path) -> None:
    torch.save({"distributions": tiny().distributions}, tmp_path / "old.pt")
    assert SpatialTemporal.load(tmp_path / "old.pt").cameras.tolist() == [0, 1, 2]
    for cameras in (torch.tensor([0, 1]), torch.tensor([0, 2, 1]), torch.rand(3), [0, 1, 2]):
        content = {"distributions": tiny().distributions, "cameras": cameras}
        torch.save(content, tmp_path / "wrong.pt")
        with pytest.raises(ReIDError, match="does not say of which cameras"):
            SpatialTemporal.load(tmp_path / "wrong.pt")


def test_more_cameras_than_memory_holds_are_refused() -> None:
    camids = torch.arange(2000)
    with pytest.raises(ReIDError, match="2,000 cameras, and 256 are the most"):
        SpatialTemporal.fit(camids // 2 + 1, camids, camids)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"no file of torch's",
        {"state_dict": {}},
        {"distributions": torch.tensor(0.5)},
        {"distributions": torch.zeros(2, 3, 5000)},
        {"distributions": torch.full((2, 2, 5000), torch.nan)},
        {"distributions": -torch.ones(2, 2, 5000)},
        torch.zeros(2, 2, 5000),
    ],
)
def test_a_wrong_file_is_an_error(content: object, tmp_path: Path) -> None:
    path = tmp_path / "wrong.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(ReIDError, match=r"wrong\.pt"):
        SpatialTemporal.load(path)


def test_a_set_without_a_clock_is_an_error() -> None:
    pids, camids = torch.tensor([1, 1]), torch.tensor([0, 1])
    with pytest.raises(ReIDError, match=r"data\.clock=none"):
        SpatialTemporal.fit(pids, camids, torch.tensor([-1, -1]))


def test_a_set_in_which_nobody_changes_camera_is_an_error() -> None:
    with pytest.raises(ReIDError, match="two cameras"):
        SpatialTemporal.fit(*map(torch.tensor, ([1, 1, 2], [0, 0, 1], [5, 6, 7])))
    with pytest.raises(ReIDError, match="two cameras"):
        SpatialTemporal.fit(*map(torch.tensor, ([-1, 0], [0, 1], [5, 6])))


def test_a_camera_beyond_their_number_is_an_error() -> None:
    for camids, cameras in (([0, 2], 2), ([-1, 1], None)):
        with pytest.raises(ReIDError, match="counted from 0"):
            transit_distributions(*map(torch.tensor, ([1, 1], camids, [5, 6])), cameras)


@pytest.mark.gpu
def test_a_gpu_gives_the_same() -> None:
    pids, camids, times = sample(0, 400, 50_000)
    table = transit_distributions(pids, camids, times)
    on_gpu = transit_distributions(pids.cuda(), camids.cuda(), times.cuda())
    assert torch.equal(on_gpu.cpu(), table)
    arguments = (camids[:50], times[:50], camids, times)
    p = SpatialTemporal(table, torch.arange(4)).probability(*(x.cuda() for x in arguments))
    assert p.is_cuda and torch.equal(p.cpu(), probability(table, *arguments))


def test_the_studys_scores_on_the_real_names(market1501: Splits) -> None:
    study = Study(market1501)
    scores = study.rank(study.time_alone)
    assert scores["rank1"] == pytest.approx(0.0362, abs=0.0005)
    assert scores["mAP"] == pytest.approx(0.0614, abs=0.0005)


WHOLE = torch.full((2, 2, 5000), 1 / 5000)
WRONG = {
    "NaN": WHOLE * float("nan"),
    "infinity": WHOLE / 0,
    "negative": -WHOLE,
    "more than all": WHOLE * 6000,
    "whole numbers": WHOLE.long(),
    "complex": WHOLE.to(torch.complex64),
    "sparse": WHOLE.to_sparse(),
    "meta": WHOLE.to("meta"),
    "other bins": WHOLE[..., :9],
    "a number": torch.tensor(0.5),
    "a list": [[[0.0] * 5000]],
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_are_no_probabilities_is_refused(kind: str, tmp_path: Path) -> None:
    torch.save({"distributions": WHOLE}, tmp_path / "x.pt")
    assert torch.equal(SpatialTemporal.load(tmp_path / "x.pt").distributions, WHOLE)
    torch.save({"distributions": WRONG[kind]}, tmp_path / "x.pt")
    with pytest.raises(ReIDError, match=r"x\.pt holds no distributions"):
        SpatialTemporal.load(tmp_path / "x.pt")
