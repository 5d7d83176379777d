"""`~` wherever a path stands, and names that mean something to Hydra."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.run.hydra_app import TypedArguments
from reid_lightning.run.paths import expand_home, expand_paths, quoted, with_typed_home


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/people/me")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("data.root=~/x", "data.root=/people/me/x"),
        ("data.extra_gallery=[~/a,~/b]", "data.extra_gallery=[/people/me/a,/people/me/b]"),
        ("resume='~/x'", "resume='/people/me/x'"),
        ("checkpoint=~/a,~/b", "checkpoint=/people/me/a,/people/me/b"),
        ("--config-dir=~/conf", "--config-dir=/people/me/conf"),
        ("~data.archive", "~data.archive"),
        ("data.root=a~/b", "data.root=a~/b"),
    ],
)
def test_the_home_in_typed_arguments(typed: str, meant: str) -> None:
    assert with_typed_home([typed]) == [meant]
    parsed = TypedArguments.parse([typed])
    assert [*parsed.options, *parsed.overrides] == [meant]


def test_the_home_in_every_value_of_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REID_DATA", "~/data")
    config = OmegaConf.create(
        {
            "root": "${oc.env:REID_DATA}/set",
            "missing": "???",
            "none": None,
            "deep": [{"file": "~/list.csv"}, "~"],
            "not": "a~/b",
        }
    )
    assert isinstance(config, DictConfig)
    OmegaConf.set_struct(config, True)
    expand_paths(config)
    assert config.root == "/people/me/data/set" and config["not"] == "a~/b"
    assert config.deep == [{"file": "/people/me/list.csv"}, "/people/me"]
    assert OmegaConf.is_missing(config, "missing") and config.none is None


def test_no_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(ReIDError, match="~/x is in your home folder, which is unknown: set HOME"):
        expand_home("~/x")


@pytest.mark.parametrize(
    "name", ["a'b", "a\\'b", "b\\", "b\\\\", "a\\b", "a\nb", "a,[b]=c", "\udcff", ""]
)
def test_every_path_is_read_back(name: str) -> None:
    override = OverridesParser.create().parse_override(f"key={quoted(Path(f'/x{name}'))}")
    assert override.value() == f"/x{name}"
