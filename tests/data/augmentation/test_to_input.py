import torch
from torchvision.transforms import v2

from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD, to_network_input


def test_it_equals_torchvisions_normalisation() -> None:
    pictures = torch.arange(256, dtype=torch.uint8).repeat(3 * 6).view(3, 32, 16, 3)
    peer = v2.Compose(
        [v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD)]
    )
    images = to_network_input(pictures)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(images, peer(pictures.permute(0, 3, 1, 2)), rtol=0, atol=1e-6)
