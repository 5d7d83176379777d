"""What a configuration may not hold, no call from Python may either: the same sentence says so."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
import yaml
from omegaconf import DictConfig

from reid_lightning.engine.parameter_groups import lr_schedule
from reid_lightning.errors import ReIDError
from reid_lightning.run.check_config import GIVEN, check_config, constructor
from reid_lightning.run.config_files import CONF
from reid_lightning.run.config_schema import Node
from reid_lightning.signatures import arguments_of

BAD = (math.nan, math.inf, -1, 0.5, 7, 10**30, True, None, "off", "", [], [-1], {"a": 1})


def nodes(values: Any, path: str) -> Iterator[tuple[str, str]]:
    """Keys and addresses of our constructors in the values of a YAML."""
    if not isinstance(values, dict):
        return
    if str(values.get("_target_")).startswith("reid_lightning."):
        yield path, values["_target_"]
    for name, part in values.items():
        yield from nodes(part, f"{path}.{name}".lstrip("."))


def targets() -> dict[str, str]:
    """Every constructor of ours that a YAML names, and the key of its group."""
    found = {}
    for file in sorted(CONF.rglob("*.yaml")):
        text = file.read_text()
        group = file.relative_to(CONF).parts[0]
        is_global = file.parent == CONF or "@package _global_" in text
        for path, address in nodes(yaml.safe_load(text), "" if is_global else group):
            found[address] = path
    return found


TARGETS = targets()
del TARGETS["reid_lightning.engine.callbacks.BestCheckpoint"]  # its constructor is Lightning's


def by_configuration(path: str, node: Mapping[str, Any]) -> str:
    try:
        check_config(DictConfig({path: node}), {path: Node()})
    except ReIDError as error:
        return str(error)
    return ""


def by_python(path: str, target: Any, arguments: Mapping[str, Any]) -> str:
    with pytest.raises(ReIDError) as error:
        if path == "scheduler":  # checked once, where it is taken, and not in every step
            schedule = partial(target, **arguments)
            lr_schedule(None, schedule, epochs=1, steps_per_epoch=1, frozen_epochs=0)  # type: ignore[arg-type]
        else:
            target(**arguments)
    return str(error.value)


@pytest.mark.parametrize("address", TARGETS)
def test_python_refuses_what_a_configuration_refuses(address: str) -> None:
    path = TARGETS[address]
    target = constructor(address, path)
    for name, hint in arguments_of(target).hints.items():
        if name in GIVEN.get(path, ()) or hint is Any:
            continue
        refused = 0
        for value in BAD:
            message = by_configuration(path, {"_target_": address, name: value})
            if " must be " in message or "too large" in message:
                assert message.startswith(f"{path}.{name}=")
                own = by_python(path, target, {name: value})
                typed = message.replace("data.reader.", "data.")  # where a reader's keys are typed
                assert own.replace("NeighbourMean.", f"{path}.") == typed
                refused += 1
        assert refused, f"{path}.{name} may be anything"


def test_the_constructors_are_found() -> None:
    assert len(TARGETS) > 25
    assert TARGETS["reid_lightning.losses.triplet_criterion"] == "loss"
    assert TARGETS["reid_lightning.engine.callbacks.LastCheckpoint"] == "callbacks.last"
    assert TARGETS["reid_lightning.data.synthetic.draw_synthetic"] == "data.draw"
