"""Damaged bytes of every kind of file that is read: a sentence, or what was written."""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attempt import Refused, attempt
from budget import examples
from damage import damaged
from hypothesis import given
from hypothesis import strategies as st
from readers import PICTURES, READERS

from reid_lightning.run.config_files import CONF
from reid_lightning.run.user_errors import clear_message

SLOW = ("config.yaml", "a YAML of the user's")


class Sound:
    """A sound file of every kind, each in a folder of its own, and what is read from it."""

    def __init__(self, folder: Path) -> None:
        self.paths = {kind: folder / f"{n}" / r.name for n, (kind, r) in enumerate(READERS.items())}
        for kind, path in self.paths.items():
            path.parent.mkdir(parents=True)
            READERS[kind].write(path)
        self.contents = {kind: path.read_bytes() for kind, path in self.paths.items()}

    @cache  # noqa: B019
    def expected(self, kind: str) -> Any:
        return READERS[kind].read(self.paths[kind])

    def read(self, kind: str, content: bytes) -> Any:
        self.expected(kind)
        self.paths[kind].write_bytes(content)
        try:
            return attempt(lambda: READERS[kind].read(self.paths[kind]), clear_message)
        finally:
            self.paths[kind].write_bytes(self.contents[kind])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sound]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PIL's, of odd tags
        yield Sound(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind not in SLOW])
@examples(20)
@given(data=st.data())
def test_damage_is_said_or_harmless(kind: str, data: st.DataObject, sound: Sound) -> None:
    check(kind, data, sound)


@pytest.mark.parametrize("kind", SLOW)
@examples(4)
@given(data=st.data())
def test_a_damaged_configuration_is_said_or_composed(
    kind: str, data: st.DataObject, sound: Sound
) -> None:
    check(kind, data, sound)


def check(kind: str, data: st.DataObject, sound: Sound) -> None:
    others = [content for other, content in sound.contents.items() if other != kind]
    content = data.draw(damaged(sound.contents[kind], others))
    read = sound.read(kind, content)
    if not isinstance(read, Refused) and READERS[kind].sealed:
        assert repr(read) == repr(sound.expected(kind))


@pytest.mark.parametrize("kind", PICTURES)
@examples(8)
@given(data=st.data())
def test_half_a_picture_is_no_picture(kind: str, data: st.DataObject, sound: Sound) -> None:
    """A download that broke off is never trained on with its lower half grey."""
    content = data.draw(damaged(sound.contents[kind], kinds=["end"]))
    read = sound.read(kind, content)
    assert isinstance(read, Refused) or read == sound.expected(kind)


@pytest.mark.parametrize("kind", ["metrics.csv", "per_query.csv"])
@examples(30)
@given(data=st.data())
def test_what_a_kill_left_of_a_table_is_its_first_rows(
    kind: str, data: st.DataObject, sound: Sound
) -> None:
    read = sound.read(kind, data.draw(damaged(sound.contents[kind], kinds=["end"])))
    assert isinstance(read, Refused) or read == sound.expected(kind)[: len(read)]


# Where the package opens files to read, beside `files/`, whose functions the readers above use.
OPENS = re.compile(
    r"\b(load_file|load_tensors|read_json|read_yaml|read_csv|is_intact|ZipFile|Image\.open|read_text|read_bytes"
    r"|memmap|ParquetFile|os\.open|torch\.load|OmegaConf\.load|FileLock|scandir)\("
    r'|\.open\("r|yaml\.(load|compose)\('
)
READ_ABOVE = {
    *("data/readers/msmt17.py", "data/readers/table_rows.py"),
    *("inference/calibration_file.py", "inference/model_card.py", "inference/onnx_file.py"),
    *("data/archive.py", "data/content_key.py", "data/equal_pictures.py", "data/pictures.py"),
    *(
        "data/store.py",
        "data/unreadable.py",
        "data/synthetic/draw_set.py",
        "engine/loggers/metrics_csv.py",
    ),
    *("models/weights.py", "results/findings.py", "results/groups.py", "results/metrics_json.py"),
    *("results/overrides.py", "results/per_query.py", "results/run_card.py", "results/runs.py"),
    *("results/camera_pairs.py", "results/open_set.py", "results/retrieved.py"),
    *("results/status.py", "retrieval/spatial_temporal.py", "run/help.py"),
    *(
        "run/checkpoint_file.py",
        "run/config_files.py",
        "run/resume.py",
        "run/resume_sweep.py",
        "run/run_lock.py",
        "run/version.py",
    ),
    *("run/yaml_comments.py", "scoring/embedding_cache.py", "inference/embedding_parquet.py"),
}
NOT_OF_OTHERS = {
    "data/picture_files.py": "names alone: test_file_names.py",
    "models/backbones/mobilenet_v2.py": "a package's file, read as weights are",
    "models/backbones/torchvision_file.py": "torchvision's, read in the same way",
    "report/page.py": "our own templates",
    "report/picture.py": "the picture that it has just written",
    "run/embed_set.py": "a lock beside the embeddings",
    "inference/embed_pictures.py": "a lock beside the embeddings",
    "inference/gallery_view.py": "our own template and style",
    "inference/program_file.py": "a file that it has just written",
    "inference/result_files.py": "our own template",
    "run/card.py": "hashes a checkpoint that run/load_trained.py reads",
    "run/held_sweep.py": "a sweep's lock",
    "process/streams.py": "/dev/null",
    "run/load_foreign.py": "hashes a file that models/weights.py reads",
    "run/swept_groups.py": "the YAML of a command, our own",
}


def test_every_reader_of_the_package_is_tried() -> None:
    package = CONF.parent / "reid_lightning"
    opening = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "files" not in path.parts and OPENS.search(path.read_text())
    }
    assert opening == READ_ABOVE | NOT_OF_OTHERS.keys()
