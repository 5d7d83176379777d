"""The step by CUDA graphs, with a stand-in for torch's own that has its traps, on the CPU."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from graph_stand_in import Captures, SmallBackbone, record_captures
from torch import Tensor

from reid_lightning.engine.graphed_network import GraphedNetwork, why_no_graphs
from reid_lightning.engine.module import ReIDModule
from reid_lightning.engine.schedules import constant
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.losses import triplet_criterion
from reid_lightning.metrics import ReIDMetric
from reid_lightning.models import Embedder


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> Captures:
    return record_captures("cpu", monkeypatch)


def network(**options: Any) -> Embedder:
    torch.manual_seed(0)
    return Embedder(SmallBackbone(), 6, **options).train()


def batch(step: int, count: int = 8) -> Tensor:
    return torch.rand(count, 3, 6, 4, generator=torch.Generator().manual_seed(step))


def test_outputs_gradients_and_statistics_are_the_networks(captures: Captures) -> None:
    plain, model = network(), network()
    graphed = GraphedNetwork(model)
    for step in range(3):
        graphed.prepare(batch(step))
        for x, y in zip(plain(batch(step)), graphed(batch(step)), strict=True):
            assert torch.equal(x, y)
        for one, features in ((plain, plain(batch(step))), (model, graphed(batch(step)))):
            one.zero_grad()
            (features.metric.sum() + features.logits.square().sum()).backward()
        for x, y in zip(plain.parameters(), model.parameters(), strict=True):
            assert (x.grad is None) == (y.grad is None)
            assert x.grad is None or torch.equal(x.grad, y.grad)
    for x, y in zip(plain.buffers(), model.buffers(), strict=True):
        assert torch.equal(x, y)  # the capture's warm-up is undone
    assert captures == [(8, 3, 6, 4)]
    assert list(model.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("count", [1, 4])
def test_a_batch_of_another_size_is_not_given_to_the_graph(count: int, captures: Captures) -> None:
    plain, graphed = network().eval(), GraphedNetwork(network().eval())
    graphed.prepare(batch(0))
    assert torch.equal(graphed(batch(1, count)).logits, plain(batch(1, count)).logits)


def test_a_copy_does_not_compute_with_the_originals_weights(captures: Captures) -> None:
    model = network().eval()
    graphed = GraphedNetwork(model)
    graphed.prepare(batch(0))
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.classifier.weight.zero_()
    assert not other(batch(0)).logits.any() and graphed(batch(0)).logits.any()


def test_what_cannot_be_captured_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", fail)
    with pytest.raises(ReIDError, match=r"\(CUDA error: .*capturing\): set cuda_graphs=false"):
        GraphedNetwork(network()).prepare(batch(0))


def test_memory_that_is_too_small_to_capture_is_no_fault_of_graphs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", fail)
    with pytest.raises(torch.OutOfMemoryError) as caught:
        GraphedNetwork(network()).prepare(batch(0))
    assert "2.00 GiB): lower data.p or data.k" in str(error_message(caught.value))


class Pictures(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        return {"image": batch(step), "label": torch.arange(4).repeat_interleave(2)}


def trained(graphs: bool, *, frozen: int = 0, accumulate: int = 1, **options: Any) -> ReIDModule:
    """After three epochs of ten steps."""
    model = network(freeze_backbone_epochs=frozen, **options)
    criterion = triplet_criterion(
        mining="hard", margin="soft", distance="euclidean", normalize=False,
        num_classes=6, embedding_size=model.embedding_size, label_smoothing=0.1,
    )  # fmt: skip
    module = ReIDModule(
        model, criterion, ReIDMetric(), lambda groups: torch.optim.Adam(groups, lr=1e-2), constant,
        seed=0, config={}, cuda_graphs=graphs,
    )  # fmt: skip
    module.on_save_checkpoint = lambda checkpoint: None  # type: ignore[method-assign]
    pl.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
        accumulate_grad_batches=accumulate,
    ).fit(module, torch.utils.data.DataLoader(Pictures(), batch_size=None))  # fmt: skip
    return module


@pytest.mark.parametrize(
    ("captured", "options"),
    [
        (1, {}),
        (1, {"dropout": 0.5}),
        (1, {"neck": "none"}),
        (2, {"frozen": 1}),
        (1, {"frozen": 3}),
        (0, {"accumulate": 2}),
    ],
    ids=["plain", "dropout", "no neck", "thawed", "always frozen", "accumulated"],
)
def test_thirty_steps_end_with_the_same_weights(
    captured: int, options: dict[str, Any], captures: Captures, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plain = trained(False, **options)
    assert not captures
    module = trained(True, **options)
    assert len(captures) == captured and module.graphed._captured is None
    assert ("CUDA graphs are off: trainer.accumulate_grad_batches" in caplog.text) == (not captured)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, module.state_dict()[name]), name


def test_several_processes_use_none() -> None:
    trainer: Callable[..., Any] = lambda **of: type("Trainer", (), of)  # noqa: E731
    assert why_no_graphs(trainer(world_size=1, accumulate_grad_batches=1)) == ""
    assert "one process" in why_no_graphs(trainer(world_size=2, accumulate_grad_batches=1))
