"""On the CPU, a stand-in for torch's capture of CUDA graphs that has its traps; a small network."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_lightning.engine.module import ReIDModule

Captures = list[tuple[int, ...]]  # the shapes of the batches that were captured


class SmallBackbone(nn.Module):
    """One convolution with batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.num_features = 4
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class Replay(torch.autograd.Function):
    """Replays forward and backward as captured; gradients are the graph's own memory."""

    @staticmethod
    def forward(ctx: Any, graph: "Graph", *inputs: Tensor) -> tuple[Tensor, ...]:
        ctx.graph = graph
        graph.images.copy_(inputs[0])  # which takes a batch of one, and gives it to every row
        with torch.enable_grad():
            graph.outputs = graph.run(graph.images)
        return tuple(x.detach() for x in graph.outputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        graph = ctx.graph
        new = torch.autograd.grad(graph.outputs, graph.parameters, grads, allow_unused=True)
        for buffer, grad in zip(graph.gradients, new, strict=True):
            buffer.copy_(grad)
        return None, None, *graph.gradients


class Graph:
    def __init__(self, module: nn.Module, images: Tensor) -> None:
        self.images, self.training = images, module.training
        self.run = module.forward
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.gradients = [torch.zeros_like(p) for p in self.parameters]
        self.modes = [m.training for m in module.modules()]
        for _ in range(3):  # warm-up
            self.run(images)


def stand_in(module: nn.Module, sample: tuple[Tensor], *, allow_unused_input: bool) -> nn.Module:
    """Replaces the module's `forward`, as `torch.cuda.make_graphed_callables` does."""
    graph = Graph(module, sample[0])

    def forward(images: Tensor) -> tuple[Tensor, ...]:
        assert [m.training for m in module.modules()] == graph.modes, "of another capture"
        return Replay.apply(graph, images, *graph.parameters)

    module.forward = forward  # type: ignore[method-assign]
    return module


def record_captures(device: str, monkeypatch: pytest.MonkeyPatch) -> Captures:
    """What is captured from now on: by CUDA itself, or by the stand-in on the CPU."""
    shapes: Captures = []
    capture = torch.cuda.make_graphed_callables if device == "cuda" else stand_in

    def make(module: nn.Module, sample: tuple[Tensor], **options: Any) -> nn.Module:
        shapes.append(tuple(sample[0].shape))
        return capture(module, sample, **options)

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", make)
    if device != "cuda":
        monkeypatch.setattr(ReIDModule, "_wants_graphs", property(lambda self: self.cuda_graphs))
    return shapes
