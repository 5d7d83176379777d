"""Every kind of file that the package reads: how a sound one is made, and how it is read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow
import torch
from compose_config import composed
from hand_made_onnx import write_hand_made
from hydra import compose, initialize_config_dir
from hydra.conf import ConfigSourceInfo
from omegaconf import OmegaConf, open_dict
from PIL import Image
from pyarrow import parquet
from run_folders import findings, write_first_results
from torch import Tensor, nn

from reid_lightning.data.archive import extract_once
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.data.content_key import content_key
from reid_lightning.data.equal_pictures import equal_pictures
from reid_lightning.data.pictures import FORMATS, Picture, decode, decode_resized
from reid_lightning.data.readers import read_msmt17, read_table
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.store import open_source
from reid_lightning.data.synthetic.draw_set import VERSION, draw_synthetic
from reid_lightning.data.unreadable import leave_out_unreadable
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV, rows_before
from reid_lightning.files import add_checksum, save_file
from reid_lightning.inference.calibration import Calibration, MatchThreshold
from reid_lightning.inference.calibration_file import read_calibration, write_calibration
from reid_lightning.inference.embedding_parquet import read_table as read_people_table
from reid_lightning.inference.embedding_parquet import write_table as write_people_table
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.model_card import CardConfig, write_card
from reid_lightning.inference.onnx_network import open_onnx
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.models import networks
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.weights import load_weights
from reid_lightning.results.camera_pairs import read_camera_pairs
from reid_lightning.results.findings import read_findings, write_findings
from reid_lightning.results.groups import seed_groups
from reid_lightning.results.metrics_json import read_results, write_results
from reid_lightning.results.open_set import read_det_curves, write_det_curves
from reid_lightning.results.overrides import read_overrides
from reid_lightning.results.per_query import read_first_matches, read_per_query, write_per_query
from reid_lightning.results.retrieved import read_retrieved
from reid_lightning.results.run_card import run_card
from reid_lightning.results.runs import read_runs
from reid_lightning.results.status import read_status, read_status_file, write_status
from reid_lightning.retrieval import SpatialTemporal
from reid_lightning.run.config_files import CONF
from reid_lightning.run.config_keys import check_training_config
from reid_lightning.run.help import help_text
from reid_lightning.run.load_card import load_card
from reid_lightning.run.load_trained import load_trained
from reid_lightning.run.override_errors import check_overrides
from reid_lightning.run.resume import find_resume_point, keep_max_epochs, load_weights_of_run
from reid_lightning.run.resume_sweep import resume_sweep_args
from reid_lightning.run.run_lock import check_not_running, is_held
from reid_lightning.run.version import check_version
from reid_lightning.scoring.embedding_cache import holds_embeddings, reserve


class Reader(NamedTuple):
    """A kind of file.

    `write` makes a sound one at a path. `read` gives what a run would take from it, as values that
    can be compared. Of a `sealed` kind, damage is found or changes nothing.
    """

    write: Callable[[Path], object]
    read: Callable[[Path], Any]
    sealed: bool = False
    name: str = "file"


class Tiny(nn.Module):
    """A backbone of one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.num_features = 4
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images)


def tiny_embedder(*, num_classes: int, width: float, weights: str, compile: bool) -> Embedder:
    torch.manual_seed(0)
    return Embedder(Tiny(), num_classes)


networks.NETWORKS["tiny"] = tiny_embedder


def tiny() -> Embedder:
    return tiny_embedder(num_classes=3, width=1.0, weights="none", compile=False)


def write_checkpoint(path: Path) -> None:
    config = {
        "network": "tiny",
        "model": {"width": 1.0, "weights": "none", "compile": False},
        "data": {"name": "any", "height": 32, "width": 16},
        "metric": {"distance": "cosine"},
        "trainer": {"max_epochs": 3},
        "version": "0.3.0",
    }
    state = {f"model.{name}": value for name, value in tiny().state_dict().items()}
    position = {"epoch": 1, "step": 2, "steps": 4}
    content = {"state_dict": state, "hyper_parameters": config, "position": position}
    save_file(content | {"global_step": 6, "optimizer_states": [{"lr": 0.1}]}, path)


def read_checkpoint(path: Path) -> Any:
    trained = load_trained(path)
    state = {name: value.tolist() for name, value in trained.model.state_dict().items()}
    return state, trained.height, trained.width, trained.distance, trained.data


def read_resume_point(path: Path) -> Any:
    point = find_resume_point(path.parent.parent)
    network = nn.Module()
    network.model = tiny()
    weights = load_weights_of_run(path, network)
    return point, point.max_epochs, {name: value.tolist() for name, value in weights.items()}


def write_old_weights(path: Path) -> None:
    torch.save(tiny().state_dict(), path, _use_new_zipfile_serialization=False)


def read_weights(path: Path) -> Any:
    model = tiny()
    load_weights(model, str(path))
    return {name: value.tolist() for name, value in model.state_dict().items()}


def write_times(path: Path) -> None:
    shares = torch.zeros(2, 2, 5000)
    shares[..., 7] = 1
    SpatialTemporal(shares, torch.tensor([1, 4])).save(path)


def read_times(path: Path) -> Any:
    model = SpatialTemporal.load(path)
    camids, times = torch.tensor([1, 4]), torch.tensor([0, 700])
    probability = model.probability(camids, times, camids, times)
    return model.distributions.nonzero().tolist(), model.cameras.tolist(), probability.tolist()


def read_shown(path: Path) -> Any:
    found = read_findings(path)
    return [x.tolist() if isinstance(x, Tensor) else x for x in found]


def write_picture(kind: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        noise = torch.randint(0, 256, (24, 12, 3), dtype=torch.uint8).numpy()
        frames = [Image.fromarray(noise), Image.fromarray(noise[::-1].copy())]
        if kind == "MPO":
            frames[0].save(path, kind, save_all=True, append_images=frames[1:])
        else:
            frames[0].save(path, kind)

    return write


def read_picture(path: Path) -> Any:
    picture = Picture(path)
    content_key([picture], 8, 4)
    equal_pictures([picture, picture])
    assert decode(picture).mode == "RGB"
    return decode_resized(picture, 8, 4).tolist()


def write_store(path: Path) -> None:
    pictures = [Picture(path.with_name(f"{n}.png")) for n in range(2)]
    for picture in pictures:
        write_picture("PNG")(picture.path)
    folder = path.with_name("stores")
    open_source(pictures, 8, 4, folder=folder, budget_gib=1)
    path.write_bytes(next(folder.glob("*.rgb")).read_bytes())


def read_store(path: Path) -> Any:
    pictures, folder = (
        [Picture(path.with_name(f"{n}.png")) for n in range(2)],
        path.with_name("stores"),
    )
    next(folder.glob("*.rgb")).write_bytes(path.read_bytes())
    return open_source(pictures, 8, 4, folder=folder, budget_gib=1).read(pictures).tolist()


def files_of_which_one_is_broken(folder: Path) -> Splits:
    samples = [Sample(folder / f"{n}.png", n, 0) for n in range(3)]
    for sample in samples[:2]:
        Image.new("RGB", (4, 8)).save(sample.path)
    samples[2].path.write_bytes(b"no picture")
    return Splits(tuple(samples), (), ())


def write_readable(path: Path) -> None:
    folder = path.with_name("cache")
    leave_out_unreadable(files_of_which_one_is_broken(path.parent), folder)
    path.write_bytes(next(folder.glob("*.readable")).read_bytes())


def read_readable(path: Path) -> Any:
    folder = path.with_name("cache")
    next(folder.glob("*.readable")).write_bytes(path.read_bytes())
    part = leave_out_unreadable(files_of_which_one_is_broken(path.parent), folder)
    return [s.path.name for s in part.splits.train], len(part.left_out)


def write_embeddings(path: Path) -> None:
    reserve(path, 5, 3)
    add_checksum(path)


def read_embeddings(path: Path) -> Any:
    if not holds_embeddings(path, 5, 3):
        write_embeddings(path)  # as an evaluation does
    return path.read_bytes()


def read_archive_record(path: Path) -> Any:
    return extract_once(path.parent.parent / "gone.zip", path.parent)


def write_drawn_record(path: Path) -> None:
    record = {"version": VERSION, "train_identities": 2, "test_identities": 2, "seed": 0}
    path.write_text(json.dumps(record))


def read_drawn_record(path: Path) -> Any:
    return draw_synthetic(path.parent, train_identities=2, test_identities=2) and None


def write_scores(path: Path) -> None:
    write_results(path, {"test/mAP": 0.5, "test/rank1": 0.25, "ap": "step", "seconds": 9.5})


def read_scores(path: Path) -> Any:
    results = read_results(path)
    shares = [results.get(f"{part}/mAP") or 0 for part in ("test", "val")]
    assert all(0 <= share <= 1 for share in shares) and results["test/mAP"] is not None


def write_means(path: Path) -> None:
    threshold = MatchThreshold(0.5, 0.4, 0.6, 0.75)
    model = ("0a1b", 32, 16, "drawn")
    counts = (100, 600, 3, 1500, 90_000)
    meaning = Calibration(
        *model, *counts, -3.5, 9.25, threshold, None, 0.1, [1, 10, 600], [0.25, 0.5, 0.75]
    )
    write_calibration(path, meaning)


def read_means(path: Path) -> Any:
    meaning = read_calibration(path)
    assert 0 <= meaning.probability(0.5) <= 1
    threshold = meaning.absent_threshold(5)
    assert threshold is None or -2 < threshold.similarity < 2


def write_curves(path: Path) -> None:
    logger = MetricsCSV(path.parent)
    for epoch in range(3):
        logger.log_metrics({"epoch": epoch, "val/mAP": 0.125 * epoch}, 10 * epoch + 9)


def read_curves(path: Path) -> Any:
    return rows_before(path, 25)


def write_ranks(path: Path) -> None:
    columns = torch.tensor([2, 0]), torch.tensor([12, 0]), torch.ones(2), torch.ones(2)
    queries = tuple(Sample(path.parent / name, 1, 0) for name in ("a, 1.jpg", "b\x0b.jpg"))
    write_per_query(path, Splits((), queries, ()), QueryResults(*columns))


def read_ranks(path: Path) -> Any:
    ranks = read_first_matches(path).tolist()
    scores = read_per_query(path)
    columns = [scores.queries, scores.matches.tolist(), scores.first_match.tolist()]
    return [repr(row) for row in zip(ranks, *columns, scores.ap.tolist(), strict=True)]


ROWS = {
    "path": ["a.jpg", "b.jpg", "c.jpg", "c.jpg", "d.jpg"],
    "pid": [7, 7, 12, 12, -1],
    "camid": ["door", "hall", "door", "hall", "door"],
    "split": ["train", "train", "query", "gallery", "gallery"],
    "time": [1.0, 2.0, None, 4.0, 5.0],
    "bbox": [[1.0, 2.0, 3.0, 4.0], None, None, None, None],
}


def write_csv_table(path: Path) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([ROWS, *zip(*ROWS.values(), strict=True)])


def write_parquet_table(path: Path) -> None:
    parquet.write_table(pyarrow.table(ROWS), path)


def read_table_of_pictures(path: Path) -> Any:
    return read_table(None, table=path)


def write_msmt17_list(path: Path) -> None:
    for name in ("train", "test"):
        (path.parent / name).mkdir()
    for name in ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"):
        lines = (f"{pid:04}/{pid:04}_000_0{pid}_0303morning_0008_0.jpg {pid}\n" for pid in (1, 2))
        (path.parent / name).write_text("".join(lines))


def read_msmt17_list(path: Path) -> Any:
    return read_msmt17(path.parent)


def write_status_file(path: Path) -> None:
    write_status(path.parent, "finished", epochs=3, score=0.5)


def read_state(path: Path) -> Any:
    status = read_status_file(path.parent)
    assert not status or status["process"] > 1
    return read_status(path.parent)


def whole_config(*overrides: str) -> Any:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", list(overrides), return_hydra_config=True)
    with open_dict(config):
        config.hydra.runtime.output_dir = "run"
        config.hydra.runtime.cwd = "."
        config.hydra.runtime.config_sources = [ConfigSourceInfo("/own", "file", "command-line")]
        config.hydra.overrides.task = ["loss=hard,semihard", "seed=1"]
    return config


def write_hydra_yaml(path: Path) -> None:
    config = whole_config("hydra.mode=MULTIRUN")
    path.write_text(OmegaConf.to_yaml({"hydra": config.hydra}))


def write_multirun_yaml(path: Path) -> None:
    path.write_text(OmegaConf.to_yaml(whole_config()))


def read_sweep(path: Path) -> Any:
    arguments = resume_sweep_args(["-m", f"resume_sweep={path.parent}"])
    assert all(isinstance(argument, str) for argument in arguments)
    typed = [a for a in arguments if not a.startswith("-")]
    check_overrides(typed, None)


def read_card(path: Path) -> Any:
    card = run_card(path.parent.parent)
    assert isinstance(card.name, str) and all(isinstance(tag, str) for tag in card.tags)


def write_config(path: Path) -> None:
    path.write_text(OmegaConf.to_yaml(composed("train", "data=synthetic")))


def read_config(path: Path) -> Any:
    """As a resume does."""
    folder = path.parent.parent
    read_runs([folder])
    seed_groups([folder])
    check_version(folder, path)
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        check_training_config(compose("config"))
    keep_max_epochs(folder, 4)


def write_own_data(path: Path) -> None:
    path.write_text("# Mine.\ndefaults: [market1501]\nname: mine # my own\nexpected: null\n")


def read_own_data(path: Path) -> Any:
    return help_text("train", [f"--config-dir={path.parent.parent}", "data=mine"]) and None


def read_lock(path: Path) -> Any:
    check_not_running(path.parent)
    return is_held(path.parent)


PICTURES = {
    f"a picture, {kind}": Reader(write_picture(kind), read_picture) for kind in (*FORMATS, "MPO")
}


def write_people(path: Path) -> None:
    pictures = [ListedPicture(Picture(Path(f"{n}.jpg")), str(n), None, n) for n in range(3)]
    made_by = MadeBy("model", 32, 16, False, "float32")
    rows = np.eye(3, 8, dtype=np.float32)
    write_people_table(EmbeddingTable(pictures, [FileVersion(1, 2)] * 3, rows, made_by), path)


def read_people(path: Path) -> Any:
    table = read_people_table(path)
    return table.pictures, table.versions, table.embeddings.tolist(), table.made_by


def write_model_card(folder: Path) -> None:
    options = {"width": 1.0, "weights": "none", "compile": False}
    protocol = dict.fromkeys(("data", "cameras", "queries", "gallery", "validated_on"))
    protocol |= {"ap": "step", "distance": "cosine"}
    config = CardConfig(
        *("0.3.0", "tiny", options, 32, 16, list(IMAGENET_MEAN), list(IMAGENET_STD), "cosine"),
        *("any", 3, {"loss": "triplet"}, 100, 0.5, 4, {"mAP": 0.5}, protocol, {}, "mit"),
        *("0" * 128, ""),
    )
    write_card(folder, config, tiny().state_dict(), None)


def read_model_card(path: Path) -> Any:
    trained = load_card(path.parent)
    return {name: x.tolist() for name, x in trained.model.state_dict().items()}, trained.height


def read_exported(path: Path) -> Any:
    network = open_onnx(path)
    return network.facts, network(torch.ones(2, 3, 32, 16)).retrieval.tolist()


READERS = PICTURES | {
    "a card's config.json": Reader(
        lambda path: write_model_card(path.parent), read_model_card, name="card/config.json"
    ),
    "a card's weights": Reader(
        lambda path: write_model_card(path.parent),
        read_model_card,
        sealed=True,
        name="card/model.safetensors",
    ),
    "a checkpoint": Reader(write_checkpoint, read_checkpoint, True),
    "a checkpoint to resume from": Reader(
        write_checkpoint, read_resume_point, True, "checkpoints/last.ckpt"
    ),
    "weights": Reader(lambda path: save_file(tiny().state_dict(), path), read_weights, True),
    "weights of before 2020": Reader(write_old_weights, read_weights),
    "times": Reader(write_times, read_times, True),
    "findings": Reader(lambda p: write_findings(p, findings(p.parent)), read_shown, True),
    "a store of pictures": Reader(write_store, read_store, True),
    "a record of what can be read": Reader(write_readable, read_readable, True),
    "embeddings of pictures": Reader(write_people, read_people, name="people.parquet"),
    "an exported network": Reader(write_hand_made, read_exported, True, "model.onnx"),
    "embeddings": Reader(write_embeddings, read_embeddings, True),
    "the record of an archive": Reader(
        lambda path: path.write_text('{"archive": "a.zip", "sha256": "0123"}'),
        read_archive_record,
        name="set/.extracted.json",
    ),
    "the record of a drawn set": Reader(
        write_drawn_record, read_drawn_record, name="set/synthetic.json"
    ),
    "metrics.json": Reader(write_scores, read_scores),
    "calibration.json": Reader(write_means, read_means),
    "metrics.csv": Reader(write_curves, read_curves, name="metrics.csv"),
    "per_query.csv": Reader(write_ranks, read_ranks),
    "retrieved.parquet": Reader(
        lambda path: write_first_results(path.parent, path.parent),
        lambda path: read_retrieved(path).results,
        name="retrieved.parquet",
    ),
    "camera_pairs.csv": Reader(
        lambda path: write_first_results(path.parent, path.parent),
        read_camera_pairs,
        name="camera_pairs.csv",
    ),
    "openset.csv": Reader(
        lambda path: write_det_curves(path, {1: DetCurve(*torch.tensor([[0, 0.5, 1]] * 2))}),
        lambda path: {n: curve._asdict() for n, curve in read_det_curves(path).items()},
        name="openset.csv",
    ),
    "status.json": Reader(write_status_file, read_state, name="status.json"),
    "overrides.yaml": Reader(
        lambda path: path.write_text("- loss=hard\n- seed=1\n- data.root='/a, b'\n"),
        lambda path: read_overrides(path.parent.parent),
        name=".hydra/overrides.yaml",
    ),
    "hydra.yaml": Reader(write_hydra_yaml, read_card, name="job/.hydra/hydra.yaml"),
    "multirun.yaml": Reader(write_multirun_yaml, read_sweep, name="multirun.yaml"),
    "config.yaml": Reader(write_config, read_config, name=".hydra/config.yaml"),
    "a YAML of the user's": Reader(write_own_data, read_own_data, name="own/data/mine.yaml"),
    "a table, CSV": Reader(write_csv_table, read_table_of_pictures, name="table.csv"),
    "a table, Parquet": Reader(write_parquet_table, read_table_of_pictures, name="table.parquet"),
    "a list of MSMT17": Reader(write_msmt17_list, read_msmt17_list, name="list_query.txt"),
    "a lock": Reader(Path.touch, read_lock, True, ".lock"),
}
