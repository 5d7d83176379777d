"""From a decoded picture to the network's input: resize, augment, normalise (torchvision v2)."""

from collections.abc import Sequence

import torch
from torchvision.transforms import InterpolationMode, v2

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def eval_transform(height: int, width: int) -> v2.Compose:
    """Picture (PIL) → float tensor [3, height, width], normalised as ImageNet is."""
    return v2.Compose([*_resize(height, width), *_normalise()])


def train_transform(
    height: int,
    width: int,
    *,
    flip: float = 0.0,
    crop_padding: float = 0.0,
    erasing: float = 0.0,
    jitter: Sequence[float] | None = None,
) -> v2.Compose:
    """The same with augmentation.

    Args:
        height, width: of the network's input, in pixels.
        flip: probability of a left-right flip.
        crop_padding: pad every side by this share of the height, then crop at random.
        erasing: probability of random erasing (Zhong et al. 2020), filled with the mean colour.
        jitter: strengths of brightness, contrast, saturation and hue jitter.
    """
    # Colours first: a picture has fewer pixels before it is resized.
    steps = [v2.ColorJitter(*jitter)] if jitter else []
    steps += _resize(height, width)
    if flip:
        steps.append(v2.RandomHorizontalFlip(flip))
    if crop_padding:
        steps.append(v2.RandomCrop((height, width), padding=round(crop_padding * height)))
    steps += _normalise()
    if erasing:
        steps.append(v2.RandomErasing(erasing, scale=(0.02, 0.4), ratio=(0.3, 3.33)))
    return v2.Compose(steps)


def _resize(height: int, width: int) -> list[torch.nn.Module]:
    return [v2.Resize((height, width), InterpolationMode.BILINEAR), v2.PILToTensor()]


def _normalise() -> list[torch.nn.Module]:
    return [v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD)]
