"""Instance and batch normalisation side by side: IBN-a (Pan et al., ECCV 2018)."""

import torch
from torch import Tensor, nn

from reid_lightning.distances import at_least_float32


class IBN(nn.Module):
    """Normalises the first half of the channels by each picture, the others by the batch.

    What a picture's channels have in common, such as the light and the colours of its camera, goes
    with its own mean and deviation. Its tensors are those of the batch normalisation it stands
    for, so that weights of one are those of the other. The statistics of the batch are those of one
    process.

    Args:
        norm: the batch normalisation whose place it takes, with running statistics.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum or 0.0
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers():
            self.register_buffer(name, buffer)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [B, C, h, w], of any precision, in their own."""
        values = at_least_float32(maps)
        half = values.shape[1] // 2
        # The batch's mean and variance follow from the pictures': one pass for both.
        variance, mean = torch.var_mean(values, (2, 3), correction=0)
        if self.training:
            batch_mean = mean[:, half:].mean(0)
            batch_variance = variance[:, half:].mean(0) + mean[:, half:].var(0, correction=0)
            self._keep(half, batch_mean, batch_variance, values.numel() // values.shape[1])
        else:
            batch_mean, batch_variance = self.running_mean[half:], self.running_var[half:]
        rows = values.shape[0]
        mean = torch.cat([mean[:, :half], batch_mean.expand(rows, -1)], 1)
        variance = torch.cat([variance[:, :half], batch_variance.expand(rows, -1)], 1)
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        moved = torch.addcmul(shift[..., None, None], values, scale[..., None, None])
        return moved.to(maps.dtype)

    @torch.no_grad()
    def _keep(self, half: int, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics, as `nn.BatchNorm2d` does, by the unbiased variance."""
        unbiased = variance * (count / max(count - 1, 1))
        self.running_mean[half:].lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var[half:].lerp_(unbiased.to(self.running_var.dtype), self.momentum)
        self.num_batches_tracked += 1
