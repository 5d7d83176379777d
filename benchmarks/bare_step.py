"""A training step without Lightning, loader, augmentation and callbacks: the bound of training."""

from collections.abc import Callable

import torch
from torch import Tensor

from reid_lightning.engine.graphed_network import GraphedNetwork
from reid_lightning.engine.module import ReIDModule

HALF = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def one_batch(size: int, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images of noise [size, 3, height, width] with channels last, and labels, four of each."""
    images = torch.randn(size, 3, height, width, device=device)
    labels = torch.arange(size, device=device) // 4
    return images.to(memory_format=torch.channels_last), labels


def bare_step(
    module: ReIDModule,
    batch: tuple[Tensor, Tensor],
    *,
    precision: str = "32-true",
    graphed: bool = False,
) -> Callable[[], int]:
    """Forward, criterion, backward and optimizer for one batch in memory, as Lightning does them.

    Args:
        module: on the batch's device.
        batch: images and labels.
        precision: as in `trainer.precision`.
        graphed: whether the network is captured as CUDA graphs.

    Returns:
        does a step, and gives its number of pictures.
    """
    images, labels = batch
    device = images.device.type
    autocast = torch.autocast(
        device,
        HALF.get(precision, torch.bfloat16),
        enabled=precision in HALF,
        cache_enabled=False,  # as Lightning has it; graphs need it
    )
    scaler = torch.amp.GradScaler(device, enabled=precision == "16-mixed")
    optimizer = module.optimizer([p for p in module.parameters() if p.requires_grad])
    network = GraphedNetwork(module.model) if graphed else module.model
    if isinstance(network, GraphedNetwork):
        with autocast:
            network.prepare(images)

    def step() -> int:
        with autocast:
            features = network(images)
            losses = module.criterion(features.metric, features.logits, labels, torch.Generator())
        optimizer.zero_grad()
        scaler.scale(losses["loss"]).backward()
        scaler.step(optimizer)
        scaler.update()
        return len(images)

    return step
