"""What a network costs, against counts by hand, and what counting leaves as it was."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.models.cost import Cost, network_cost

CPU = torch.device("cpu")


class Backbone(nn.Module):
    """One convolution of 3 × 3, to 8 channels at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.num_features = 8
        self.net = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


def cost(backbone: nn.Module, size: tuple[int, int] = (16, 8), **keys: Any) -> Cost:
    return network_cost(Embedder(backbone, 751, **keys), *size, CPU)


def test_what_can_be_counted_by_hand() -> None:
    positions, weights = 8 * 4, 3 * 8 * 9
    assert cost(Backbone(), neck="none") == Cost(weights, positions * weights / 1e9, 8)
    assert cost(Backbone()) == Cost(weights + 2 * 8, positions * weights / 1e9, 8)  # the BNNeck
    embedding = 8 * 5
    expected = Cost(weights + embedding + 5, (positions * weights + embedding) / 1e9, 5)
    assert cost(Backbone(), neck="none", embedding=5) == expected
    gem = Cost(weights + 1, positions * weights / 1e9, 8)
    assert cost(Backbone(), neck="none", pooling="gem") == gem


def test_neither_weights_nor_mode_nor_random_numbers_change() -> None:
    class Noisy(Backbone):
        def forward(self, images: Tensor) -> Tensor:
            self.net.weight.data += torch.randn(())
            return self.net(images)

    model = Embedder(Noisy(), 751)
    model.neck.eval()
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    network_cost(model, 16, 8, CPU)
    assert torch.equal(torch.rand(3), expected)
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(x, before[name]) for name, x in model.state_dict().items())


def test_every_classifier_is_left_out_those_of_parts_too() -> None:
    positions, weights = 8 * 4, 3 * 8 * 9
    parameters, gmacs, size = cost(Backbone(), parts=2, embedding=5)
    assert (parameters, size) == (weights + 3 * (8 * 5 + 5) + 2 * 15, 15)
    assert gmacs == pytest.approx((positions * weights + 3 * 8 * 5) / 1e9, rel=1e-12)


class Fused(Backbone):
    def attend(self, tokens: Tensor) -> Tensor:
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.net(images)
        return self.attend(maps.flatten(2).mT.contiguous()[None])[0].mT.reshape(maps.shape)


class FastPath(Fused):
    """Another operator, of `nn.MultiheadAttention` where no gradient is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, bias=False, batch_first=True)

    def attend(self, tokens: Tensor) -> Tensor:
        return self.attention(tokens[0], tokens[0], tokens[0], need_weights=False)[0][None]


@pytest.mark.parametrize(("backbone", "projections"), [(Fused, 0), (FastPath, 4)])
def test_attention_is_counted(backbone: type[Backbone], projections: int) -> None:
    fast = torch.backends.mha.get_fastpath_enabled()
    gmacs = cost(backbone()).gmacs
    products, tokens = 2 * 32 * 32 * 8, 32 * 8 * 8
    convolution = 32 * 3 * 8 * 9
    assert gmacs == pytest.approx((convolution + products + projections * tokens) / 1e9)
    assert torch.backends.mha.get_fastpath_enabled() is fast


@pytest.mark.filterwarnings("ignore:Using `torch.compile")
@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_compiled(whole: bool) -> None:
    """Neither a network compiled in place, nor a part of one that was wrapped."""
    compiled = []

    def backend(graph: torch.fx.GraphModule, _: object) -> Any:
        compiled.append(graph)
        return graph.forward

    backbone = Backbone()
    if not whole:
        backbone.net = torch.compile(backbone.net, backend=backend)
    model = Embedder(backbone, 751)
    if whole:
        model.compile(backend=backend)
    assert network_cost(model, 16, 8, CPU) == cost(Backbone()) and not compiled


class Positions(Backbone):
    """For maps of one size alone."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(8, 4))

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images) + self.positions


def test_a_size_that_the_network_does_not_take() -> None:
    assert cost(Positions()).gmacs
    message = (
        r"takes no pictures of data\.height=32 × data\.width=16: The size of tensor a [^.]*\.$"
    )
    with pytest.raises(ReIDError, match=message):
        cost(Positions(), (32, 16))


def test_a_sentence_of_the_networks_own() -> None:
    class Refuses(Backbone):
        def forward(self, images: Tensor) -> Tensor:
            raise ReIDError("Not this one.")

    with pytest.raises(ReIDError, match=r"^Not this one\.$"):
        cost(Refuses())


def test_what_cannot_be_counted_or_copied_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OneOnly(Backbone):
        def __deepcopy__(self, memo: object) -> None:
            raise TypeError("it is one of a kind.")

    assert cost(OneOnly()) == cost(Backbone())._replace(gmacs=None)
    assert "GMACs cannot be counted (it is one of a kind)" in caplog.text

    def fails(*_: object, **__: object) -> None:
        raise ArithmeticError("no formula")

    monkeypatch.setattr("torch.utils.flop_counter.FlopCounterMode._count_flops", fails)
    assert cost(Backbone()).gmacs is None and "no formula" in caplog.text
