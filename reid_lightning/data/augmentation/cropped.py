"""Windows of a batch of pictures as the network's input, with boxes erased, on any device."""

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data.augmentation.cropped_cpu import cut_windows, erase_boxes
from reid_lightning.data.augmentation.to_input import to_network_input


def cropped_input(pictures: Tensor, windows: np.ndarray, boxes: np.ndarray) -> Tensor:
    """Flip each picture, cut a window out of it, normalise it, and erase a box.

    What is outside a picture is black, and what is erased has the mean colour, zero.

    Args:
        pictures: uint8 [B, H, W, 3].
        windows: int64 [B, 3], on the host: see `crop.windows`.
        boxes: int64 [B, 4], on the host: see `erasing.boxes`.

    Returns:
        float32 [B, 3, H, W], channels last.
    """
    on_cpu = pictures.device.type == "cpu"
    return (cropped_input_numba if on_cpu else cropped_input_torch)(pictures, windows, boxes)


def cropped_input_numba(pictures: Tensor, windows: np.ndarray, boxes: np.ndarray) -> Tensor:
    """`cropped_input` on the CPU, where a thread takes longer to start than to cut its share."""
    cut = torch.empty(pictures.shape, dtype=torch.uint8)
    source = pictures.contiguous().numpy()
    cut_windows(source, windows, cut.numpy())
    images = to_network_input(cut)
    erase_boxes(boxes, images.permute(0, 2, 3, 1).numpy())
    return images


def cropped_input_torch(pictures: Tensor, windows: np.ndarray, boxes: np.ndarray) -> Tensor:
    """`cropped_input` on any device, in 13 operations: one table is copied, one index gathers.

    The table is small: CUDA copies 64 KiB without waiting for anything.
    """
    batch, height, width, _ = pictures.shape
    flipped, down, right = windows.T
    top, left, bottom, last = boxes.T
    first, zero, one = np.arange(batch) * height, 0 * flipped, 1 + 0 * flipped
    lines = (  # start, step, and bounds of the rows read, columns read, rows and columns erased
        (first + down, one, first, first + height - 1),
        (np.where(flipped, width - 1 - right, right), 1 - 2 * flipped, zero, zero + width - 1),
        (zero, one, top, bottom - 1),
        (zero, one, left, last - 1),
    )
    table = torch.from_numpy(np.array(lines)[..., None]).to(pictures.device, non_blocking=True)
    start, step, low, high = table.unbind(1)
    positions = start + step * torch.arange(max(height, width), device=pictures.device)
    nearest = positions.clamp(low, high)  # `high`, where it is below `low`: an empty box
    within = positions == nearest
    rows, columns = nearest[0, :, :height, None], nearest[1, :, None, :width]
    inside, erased = (within[i, :, :height, None] & within[i + 1, :, None, :width] for i in (0, 2))
    cut = pictures.reshape(-1, width, 3)[rows, columns].mul_(inside[..., None])
    return to_network_input(cut).masked_fill_(erased[:, None], 0)
