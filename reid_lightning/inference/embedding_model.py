"""A network that embeds pictures as they are."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.data.eval_batches import eval_batch_size, eval_batches
from reid_lightning.distances import unit_norm
from reid_lightning.errors import ReIDError, memory_error
from reid_lightning.inference.inputs import AnyPicture, as_list, to_pixels
from reid_lightning.inference.onnx_network import OnnxNetwork
from reid_lightning.metrics.finite import check_finite
from reid_lightning.models import Embedder
from reid_lightning.models.cost import first_line
from reid_lightning.models.layout import channels_last, images_channels_last
from reid_lightning.parallel import map_in_chunks
from reid_lightning.signatures import Count, check_argument


class EmbeddingModel:
    """A trained network: pictures → embeddings, resized and normalised as in evaluation.

    Args:
        network: is put into eval mode, and on the device.
        height, width: of its input, in pixels.
        device: torch's name of one, or `auto`: a GPU if there is one.
        digest: of its weights and options, by which its embeddings are known.

    Raises:
        ReIDError: there is no such device, or the network takes no pictures of this size.
    """

    def __init__(
        self,
        network: Embedder | OnnxNetwork,
        *,
        height: int,
        width: int,
        device: str | torch.device = "auto",
        digest: str = "",
    ) -> None:
        self.height, self.width, self.digest = height, width, digest
        self.device = _device(device)
        network = channels_last(network.eval())
        self.network: Embedder | OnnxNetwork = network.to(self.device)
        try:
            self._embed(torch.zeros(1, height, width, 3, dtype=torch.uint8), flip=False)
        except (RuntimeError, ValueError, AssertionError) as error:  # timm asserts the size
            if memory_error(error):
                raise
            raise ReIDError(
                f"The network takes no pictures of {height} × {width}: {first_line(error)}."
            ) from error

    @property
    def embedding_size(self) -> int:
        """d, the length of an embedding."""
        size: int = self.network.embedding_size
        return size

    def __call__(
        self, pictures: AnyPicture | Iterable[AnyPicture], *, batch_size: int | None = None
    ) -> Tensor:
        """Embed pictures.

        Args:
            pictures: a path, a PIL picture, an array uint8 [h, w, 3] or a tensor uint8 [3, h, w]
                or [h, w, 3], both RGB; or many of them: a list of any, mixed and of any sizes, or
                one array or tensor of four dimensions.
            batch_size: the most that are embedded at a time; None: 128 on a CPU, 512 on a GPU.

        Returns:
            Unit-norm embeddings, float32 [n, d], on the CPU; the scalar product of two is their
            cosine similarity.

        Raises:
            ReIDError: something is no picture, or cannot be read; or an embedding is not finite.
        """
        check_argument("batch_size", batch_size, Count | None)
        size = eval_batch_size(batch_size, self.device)
        read = partial(to_pixels, height=self.height, width=self.width)
        listed = as_list(pictures)
        pixels = map_in_chunks(read, listed, self.height * self.width * 3)
        # Those of an evaluation, so that no bit differs from it.
        batches = eval_batches(len(listed), size) if listed else []
        rows = [torch.empty(0, self.embedding_size)]
        for batch in batches:
            pictures_of_batch = np.stack([next(pixels) for _ in batch])
            rows.append(self.embed_pixels(torch.from_numpy(pictures_of_batch)))
        return torch.cat(rows)

    def embed_pixels(self, pixels: Tensor, *, flip: bool = False) -> Tensor:
        """Embed one batch of pictures of the network's input size.

        Args:
            pixels: uint8 [n, height, width, 3], RGB.
            flip: embed a picture as the mean over it and its mirror image.

        Returns:
            As of a call.

        Raises:
            ReIDError: an embedding is not finite.
        """
        embeddings = self._embed(pixels, flip=flip)
        check_finite(embeddings)
        return embeddings

    @torch.inference_mode()
    def _embed(self, pixels: Tensor, *, flip: bool) -> Tensor:
        images = images_channels_last(to_network_input(pixels.to(self.device)))
        embeddings = self.network(images).retrieval.float()
        if flip:
            embeddings = (embeddings + self.network(images.flip(3)).retrieval.float()) / 2
        return unit_norm(embeddings).cpu()


def _device(name: str | torch.device) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError, TypeError) as error:  # no device, or none of here
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ReIDError(f"The device {name} cannot be used: {reason}.") from error
    return device
