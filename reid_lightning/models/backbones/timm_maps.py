"""Any network of timm that gives maps (Wightman 2019)."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.models.backbones.strided_pointwise import without_strided_pointwise
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.make_embedder import EmbedderKeys, make_embedder
from reid_lightning.signatures import Text, checked


@checked("model")
class TimmMaps(nn.Module):
    """The last map of one of timm's networks, from random weights.

    Args:
        name: one of `timm.list_models()`, with the tag of its pretrained weights or without.

    Raises:
        ReIDError: timm has no such network, or the network gives no maps or takes pictures of one
            size alone.
        ModuleNotFoundError: timm is not installed.
    """

    def __init__(self, name: Text) -> None:
        super().__init__()
        config = _known(name)
        self.name, self.net = name, _features(name, bool(config.fixed_input_size))
        without_strided_pointwise(self.net)
        self.num_features: int = self.net.feature_info.channels()[-1]
        self.channels_last = getattr(self.net, "output_fmt", None) == "NHWC"
        self.pretrained = {"imagenet": self._read_pretrained}
        scale, shift = _renormalisation(config.mean, config.std)
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures [B, 3, H, W], normalised by ImageNet's mean and deviation → [B, C, h, w]."""
        maps: Tensor = self.net(images * self.scale + self.shift)[-1]
        return maps.permute(0, 3, 1, 2) if self.channels_last else maps

    def other_names(self, names: Iterable[str]) -> list[dict[str, str]]:
        """timm's names of the whole network, which differ from those of its maps → `names`.

        What the whole network has behind its maps is known, and has no place in the embedder.
        """
        import timm

        with torch.device("meta"):
            whole = timm.create_model(self.name, pretrained=False)
        paths = [name.split(".", 2) for name in whole.state_dict()]
        first_parts = {path[0] for path in paths}
        flattened = {"_".join(path[:2]): ".".join(path[:2]) for path in paths}
        theirs = {name: f"behind.{name}" for name in whole.state_dict()}
        for name in names:
            first, dot, rest = name.removeprefix("backbone.net.").partition(".")
            if first in ("model", "body") and first not in first_parts:  # of timm's own wrappers
                first, dot, rest = rest.partition(".")
            if first not in first_parts:
                first = flattened.get(first, first)
            theirs[first + dot + rest] = name
        return [theirs]

    def _read_pretrained(self) -> Mapping[str, Any]:
        import timm

        if not timm.is_model_pretrained(self.name):
            raise ReIDError(
                f"timm has no pretrained weights for {self.name}: set model.weights to a file or "
                "none."
            )
        try:  # the whole network, which timm loads strictly
            state: Mapping[str, Any] = timm.create_model(self.name, pretrained=True).state_dict()
        except Exception as error:  # of timm, of the hub's client, or of the one below it
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise ReIDError(
                f"timm's pretrained weights of {self.name} could not be downloaded ({reason}): set "
                "model.weights to a file or none."
            ) from error
        return state


def _known(name: str) -> Any:
    """timm's description of a network's weights; addresses (`hf-hub:`, `local-dir:`) are none."""
    import timm

    names = [*timm.list_models(), *timm.list_models(pretrained=True)]
    if name not in names:
        of_tags = [known for known in names if known.startswith(f"{name.partition('.')[0]}.")]
        near = get_close_matches(name, of_tags or names, n=1, cutoff=0.5)
        meant = f"did you mean {near[0]}?" if near else "timm.list_models() has their names."
        raise ReIDError(f"model.name={name} is no network of timm {timm.__version__}: {meant}")
    return timm.get_pretrained_cfg(name)


def _features(name: str, fixed_size: bool) -> Any:
    import timm

    # Those of Swin's kind take other sizes with this option.
    options: dict[str, Any] = {"strict_img_size": False} if fixed_size else {}
    try:
        return timm.create_model(
            name, pretrained=False, features_only=True, out_indices=(-1,), **options
        )
    except Exception as error:  # of any network's own constructor
        if "strict_img_size" in str(error):
            raise ReIDError(
                f"model.name={name} takes pictures of one size alone, that of its pretrained "
                "weights, which is not a person's: choose a convolutional network, or a Swin."
            ) from error
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise ReIDError(
            f"model.name={name} cannot be a backbone, since timm takes no maps from it: {reason}."
        ) from error


def _renormalisation(
    mean: Iterable[float] | None, std: Iterable[float] | None
) -> tuple[Tensor, Tensor]:
    """Factor and summand [1, 3, 1, 1] from ImageNet's normalisation to another."""
    from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    ours = torch.tensor(IMAGENET_DEFAULT_MEAN), torch.tensor(IMAGENET_DEFAULT_STD)
    own_mean = torch.tensor(mean or IMAGENET_DEFAULT_MEAN)
    own_std = torch.tensor(std or IMAGENET_DEFAULT_STD)
    scale, shift = ours[1] / own_std, (ours[0] - own_mean) / own_std
    return scale.view(1, 3, 1, 1), shift.view(1, 3, 1, 1)


@checked("model")
def timm_embedder(*, name: Text, **keys: Unpack[EmbedderKeys]) -> Embedder:
    """An embedder with a backbone of timm's, from the keys of `conf/model/timm.yaml`."""
    return make_embedder(TimmMaps(name), **keys)
