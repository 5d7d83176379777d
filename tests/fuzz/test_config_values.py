"""Any value at any key: refused in a sentence, or it works and gives finite numbers."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import torch
from budget import examples
from compose_config import composed
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from reid_lightning.data.augmentation.streams import augmentation_uniforms
from reid_lightning.engine.parameter_groups import lr_schedule
from reid_lightning.retrieval import EmbeddedSet, Retrieval
from reid_lightning.run.config_files import group_files
from reid_lightning.run.config_keys import check_evaluation_config, check_training_config
from reid_lightning.run.user_errors import clear_message

STEPS = ("expansion", "database", "rerank")
CHOICES = [
    *(f"{group}={name}" for group in ("loss", "augmentation", "scheduler", "optimizer", "model",
      "trainer", "callbacks", "logger", "data") for name in group_files(group, None)),
    *(f"retrieval=[{name}]" for name in STEPS),
]  # fmt: skip
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 1e-3, 0.5, 1.0, 10**9, 10**30, 1e308, 5e-324, True, False]),
    st.integers(-(10**6), 10**6),
    st.floats(),
)
WORDS = st.sampled_from(["soft", "hard", "auto", "none", "null", "off", "yes", "1", "", "~", "nan"])
VALUES = st.recursive(
    st.none() | NUMBERS | WORDS | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=5) | st.dictionaries(st.text(max_size=5), part, max_size=2)
    ),
    max_leaves=5,
)


def keys_of(node: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a configuration, groups too."""
    for name, value in node.items():
        yield (*above, str(name))
        if isinstance(value, dict):
            yield from keys_of(value, (*above, str(name)))


@cache
def plain(choice: str) -> dict[str, Any]:
    evaluates = choice.startswith("retrieval")
    arguments = ["evaluate", "checkpoint=x", choice] if evaluates else ["train", choice]
    arguments += {"data=folders": ["data.root=x"], "data=table": ["data.table=x"]}.get(choice, [])
    config: Any = OmegaConf.to_container(composed(*arguments), resolve=True)
    return config


def refuses(config: DictConfig, check: Callable[[DictConfig], None]) -> bool:
    """Whether a configuration is refused; an error that is no sentence fails the test."""
    try:
        check(config)
    except Exception as error:
        message = clear_message(error)
        assert message and "Traceback" not in message, repr(error)
        return True
    return False


@pytest.mark.parametrize("choice", CHOICES)
@examples(12)
@given(data=st.data())
def test_any_value_is_refused_or_works(choice: str, data: st.DataObject) -> None:
    group = choice.partition("=")[0]
    content = OmegaConf.to_container(OmegaConf.create(plain(choice)))
    assert isinstance(content, dict)
    keys = [(group, *key) for key in keys_of(content[group])]
    for key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2)):
        node: Any = content
        for name in key[:-1]:
            node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[key[-1]] = data.draw(VALUES)
    config = OmegaConf.create(content)
    if not refuses(
        config, check_evaluation_config if group == "retrieval" else check_training_config
    ):
        refuses(config, WORKS.get(group, lambda _: None))


def loss_works(config: DictConfig) -> None:
    criterion = instantiate(config.loss, num_classes=4, embedding_size=8)
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(8, 8, generator=generator, requires_grad=True)
    logits, labels = embeddings @ torch.randn(8, 4, generator=generator), torch.arange(8) // 2
    loss = criterion(embeddings, logits, labels, generator)["loss"]
    loss.backward()
    assert embeddings.grad is not None
    if "metric" not in config.loss and largest_number(config.loss) < 1e6:
        assert loss.isfinite() and embeddings.grad.isfinite().all()


def largest_number(node: DictConfig) -> float:
    """A loss of such a size that float32 overflows is told by the `FiniteLoss` callback."""
    return max(abs(float(value)) for value in node.values() if type(value) in (int, float))


def augmentation_works(config: DictConfig) -> None:
    pictures = torch.randint(0, 256, (3, 16, 8, 3), dtype=torch.uint8)
    augmented = instantiate(config.augmentation)(pictures, augmentation_uniforms(0, (0, 0, 0), 3))
    assert augmented.shape == (3, 3, 16, 8) and augmented.isfinite().all()


def scheduler_works(config: DictConfig) -> None:
    optimizer = torch.optim.SGD([{"params": torch.zeros(1)}, {"params": torch.ones(1)}], lr=0.1)
    schedule = lr_schedule(
        optimizer, instantiate(config.scheduler), epochs=3, steps_per_epoch=2, frozen_epochs=0
    )
    for _ in range(6):
        assert 0 <= schedule.get_last_lr()[0] <= 0.1
        optimizer.step()
        schedule.step()


def optimizer_works(config: DictConfig) -> None:
    weights = torch.ones(3, requires_grad=True)
    try:
        optimizer = instantiate(config.optimizer)([weights])
    except (RuntimeError, ValueError):  # which the module makes a sentence of
        return
    weights.sum().backward()
    optimizer.step()
    assert weights.isfinite().all() or config.optimizer.lr > 1e6


def retrieval_works(config: DictConfig) -> None:
    retrieval = Retrieval(**instantiate(config.retrieval))
    x = torch.nn.functional.normalize(torch.randn(9, 4, generator=torch.Generator().manual_seed(1)))
    pids, camids, times = torch.arange(9) // 3, torch.arange(9) % 3, torch.zeros(9)
    query, gallery = (
        EmbeddedSet(x[part], pids[part], camids[part], times[part])
        for part in (slice(0, 3), slice(3, 9))
    )
    embedded = retrieval.embeddings(query, gallery, normalize=True)
    sets = [s._replace(embeddings=e) for s, e in zip((query, gallery), embedded, strict=True)]
    assert all(e.isfinite().all() for e in embedded)
    assert all(d.isfinite().all() for d in retrieval.distances(*sets))


WORKS: dict[str, Callable[[DictConfig], None]] = {
    "loss": loss_works,
    "augmentation": augmentation_works,
    "scheduler": scheduler_works,
    "optimizer": optimizer_works,
    "retrieval": retrieval_works,
}
