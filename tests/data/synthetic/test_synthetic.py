"""The synthetic set: layout, determinism, times, and that raw pixels do not identify anybody."""

import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_lightning.data.synthetic import draw_set
from reid_lightning.data.synthetic.draw_set import RECORD, draw_synthetic
from reid_lightning.data.synthetic.plan import plan_shots
from reid_lightning.data.synthetic.walk import LEAD, SEQUENCES, TRAVEL, sequence_ends, stamp, walk
from reid_lightning.errors import ReIDError

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")
GRAMMAR = re.compile(r"(-1|\d{4})_c([1-6])s([1-9])_(\d{6})_(\d{2})\.jpg")
SMALL = {"train_identities": 4, "test_identities": 24}


def parse(root: Path, folder: str) -> list[tuple[Path, int, int, int, int]]:
    """Path, pid, camid (from 0), sequence and frame of every file, by an independent reader."""
    pictures = []
    for path in sorted((root / folder).iterdir()):
        match = GRAMMAR.fullmatch(path.name)
        assert match, path.name
        pid, camera, sequence, frame, _ = map(int, match.groups())
        pictures.append((path, pid, camera - 1, sequence, frame))
    return pictures


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_synthetic(tmp_path_factory.mktemp("synthetic") / "set", **SMALL)


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_same_seed_gives_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    sizes = {"train_identities": 2, "test_identities": 2}
    first = contents(draw_synthetic(tmp_path / "first", **sizes, seed=3))
    assert first == contents(draw_synthetic(tmp_path / "second", **sizes, seed=3))
    assert first.keys() != contents(draw_synthetic(tmp_path / "third", **sizes, seed=4)).keys()


def test_the_set_is_three_folders_and_a_record(root: Path) -> None:
    assert sorted(path.name for path in root.iterdir()) == sorted([*FOLDERS, RECORD])
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_pictures_are_64_by_128_jpeg_files(root: Path) -> None:
    for folder in FOLDERS:
        for path, *_ in parse(root, folder)[::10]:
            with Image.open(path) as image:
                assert (image.size, image.mode, image.format) == ((64, 128), "RGB", "JPEG")


def test_pids(root: Path) -> None:
    train, query, gallery = ({pid for _, pid, *_ in parse(root, folder)} for folder in FOLDERS)
    assert (len(train), len(query)) == (4, 24)
    assert gallery == query | {0, -1}
    assert not train & query


def test_a_query_per_identity_and_camera_with_a_match_on_another_camera(root: Path) -> None:
    queries = [(pid, camera) for _, pid, camera, *_ in parse(root, "query")]
    assert len(queries) == len(set(queries))
    gallery = {(pid, camera) for _, pid, camera, *_ in parse(root, "bounding_box_test") if pid > 0}
    assert gallery == set(queries)
    for pid, camera in queries:
        assert any(other != camera for match, other in gallery if match == pid)


def test_the_default_set_has_its_documented_size() -> None:
    shots = plan_shots(120, 80, 0)
    counts = [sum(shot.folder == folder for shot in shots) for folder in FOLDERS]
    assert 1800 <= counts[0] <= 2200
    assert sum(counts) < 4000
    per_pid = defaultdict(set)
    for shot in shots:
        per_pid[shot.pid].add(shot.camera)
    assert all(2 <= len(per_pid[pid]) <= 5 for pid in range(1, 201))
    assert sum(shot.pid == -1 for shot in shots) >= 100
    assert sum(shot.pid == 0 for shot in shots) >= 50


def test_a_reader_reconstructs_the_time_from_a_stamp(root: Path) -> None:
    pictures = [picture for folder in FOLDERS for picture in parse(root, folder)]
    length: dict[tuple[int, int], int] = defaultdict(int)
    for _, _, camera, sequence, frame in pictures:
        length[camera, sequence] = max(length[camera, sequence], frame)
    assert length == {
        (camera, s): n for camera, ns in enumerate(SEQUENCES) for s, n in enumerate(ns, start=1)
    }
    for visit in sequence_ends():
        sequence, frame = stamp(visit.camera, visit.time)
        before = sum(length[visit.camera, s] for s in range(1, sequence))
        assert before + frame - LEAD[visit.camera] == visit.time


def test_travel_times_vary_little_and_start_times_much() -> None:
    walks = [walk(np.random.default_rng([1, k])) for k in range(500)]
    for road, (mean, spread) in TRAVEL.items():
        gaps = [
            abs(a.time - b.time)
            for visits in walks
            for a, b in pairwise(visits)
            if {a.camera, b.camera} == set(road)
        ]
        assert len(gaps) > 20
        assert np.mean(gaps) == pytest.approx(mean, rel=0.1)
        assert np.std(gaps) < 1.5 * spread
    assert np.std([visits[0].time for visits in walks]) > 10 * max(s for _, s in TRAVEL.values())


def test_a_frame_after_the_recording_is_an_error() -> None:
    with pytest.raises(ValueError, match="Camera 4 stopped recording at frame 202800"):
        stamp(3, 300_000)


def test_a_finished_set_is_not_drawn_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_set, "_draw", lambda *_: pytest.fail("drawn again"))
    assert draw_synthetic(root, **SMALL) == root


@pytest.mark.parametrize("change", [{"seed": 1}, {"test_identities": 25}])
def test_other_parameters_in_the_same_root_are_an_error(root: Path, change: dict[str, int]) -> None:
    with pytest.raises(ReIDError, match="choose another folder or remove it"):
        draw_synthetic(root, **(SMALL | change))


def test_another_drawing_version_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_set, "VERSION", draw_set.VERSION + 1)
    with pytest.raises(ReIDError, match="choose another folder or remove it"):
        draw_synthetic(root, **SMALL)


def test_a_folder_with_other_files_is_refused_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ReIDError, match="is not a synthetic set"):
        draw_synthetic(tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_an_interrupted_drawing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = 0

    def interrupted(*args: object, **kwargs: object) -> Image.Image:
        nonlocal drawn
        drawn += 1
        if drawn == 5:
            raise KeyboardInterrupt
        return Image.new("RGB", (64, 128))

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(draw_set, "draw_crop", interrupted)
        draw_synthetic(tmp_path / "set", train_identities=2, test_identities=2)
    assert drawn == 5
    assert not list(tmp_path.iterdir())
    draw_synthetic(tmp_path / "set", train_identities=2, test_identities=2)


def test_two_processes_may_draw_the_same_set_together(tmp_path: Path) -> None:
    def draw(_: int) -> Path:
        return draw_synthetic(tmp_path / "set", train_identities=2, test_identities=2)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(draw, range(2))
    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert json.loads((first / RECORD).read_text())["test_identities"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"train_identities": 1},
            r"data\.draw\.train_identities=1 must be an integer of 2 or more",
        ),
        ({"test_identities": 0}, r"data\.draw\.test_identities=0 must be an integer of 2 or more"),
        ({"train_identities": 9990}, "at most 9999 identities, got 10070"),
        ({"seed": -1}, r"data\.draw\.seed=-1 must be an integer of 0 or more"),
    ],
)
def test_arguments_out_of_range_are_refused(
    tmp_path: Path, arguments: dict[str, int], message: str
) -> None:
    with pytest.raises(ReIDError, match=message):
        draw_synthetic(tmp_path / "set", **arguments)
    assert not list(tmp_path.iterdir())


def test_raw_pixels_do_not_identify_people(root: Path) -> None:
    def load(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pictures = [picture for picture in parse(root, folder) if picture[1] != -1]
        pixels = [np.asarray(Image.open(path), dtype=np.float32).ravel() for path, *_ in pictures]
        _, pids, cameras, *_ = map(np.array, zip(*pictures, strict=True))
        return np.stack(pixels), pids, cameras

    (query, qpids, qcams), (gallery, gpids, gcams) = load("query"), load("bounding_box_test")
    hits = []
    for pixels, pid, camera in zip(query, qpids, qcams, strict=True):
        distance = np.square(gallery - pixels).sum(axis=1)
        distance[(gpids == pid) & (gcams == camera)] = np.inf
        hits.append(gpids[distance.argmin()] == pid)
    assert np.mean(hits) < 0.35
