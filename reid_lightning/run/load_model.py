"""A trained model from Python, as `reid evaluate` would load it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.models import Embedder
from reid_lightning.run.compose_group import compose_group
from reid_lightning.run.config_schema import Node
from reid_lightning.run.load_checkpoint import load_checkpoint
from reid_lightning.run.load_foreign import load_foreign
from reid_lightning.run.paths import expand_home, quoted
from reid_lightning.run.trained import Trained, model_digest
from reid_lightning.run.user_errors import clear_message
from reid_lightning.signatures import Size, check_argument


def load_model(
    checkpoint: str | Path | None = None,
    *,
    model: str | Callable[..., Embedder] | None = None,
    weights: str | Path | None = None,
    options: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    device: str | torch.device = "auto",
) -> EmbeddingModel:
    """A trained model, ready to embed pictures: of a checkpoint, or of weights of others.

    `load_model("outputs/RUN")` or `load_model(model="osnet", weights="osnet_x1_0.pth")`.

    Args:
        checkpoint: a checkpoint that a training wrote, the folder of a run, whose best it is, that
            of a model card, or an .onnx file of `reid export`.
        model: of weights: the name of a network, as in `model=osnet`. Of a checkpoint of a network
            of your own: its constructor.
        weights: a file of anybody's, or a name such as `imagenet`, as in `model.weights=…`.
        options: of the network with these weights, as they are typed: `["model.width=0.25"]`.
        size: height and width of the network's input; None: those of its training, for weights
            256 × 128.
        device: torch's name of one, or `auto`: a GPU if there is one.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    trained = load_network(checkpoint, model=model, weights=weights, options=options, size=size)
    return embedding_model(trained, device)


def load_network(
    checkpoint: str | Path | None = None,
    *,
    model: str | Callable[..., Embedder] | None = None,
    weights: str | Path | None = None,
    options: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    device: object = None,
) -> Trained:
    """The network of `load_model`, and what is known of it; `device` is not used yet."""
    if (checkpoint is None) == (weights is None):
        raise ReIDError(
            "Name a checkpoint, checkpoint=outputs/RUN, or a network and its weights, model=osnet "
            "weights=FILE; not both."
        )
    check_argument("size", size, tuple[Size, Size] | None)
    check_argument("options", options, list[str])
    try:
        trained = (
            _of_weights(model, str(weights), options)
            if checkpoint is None
            else _of_checkpoint(Path(expand_home(str(checkpoint))), model, options)
        )
    except Exception as error:
        if isinstance(error, ReIDError) or (message := clear_message(error)) is None:
            raise
        raise ReIDError(message) from error
    return trained if size is None else trained._replace(height=size[0], width=size[1])


def embedding_model(trained: Trained, device: str | torch.device) -> EmbeddingModel:
    """A loaded network on a device, ready to embed pictures."""
    digest, sides = model_digest(trained.digest), {"height": trained.height, "width": trained.width}
    return EmbeddingModel(trained.model, **sides, device=device, digest=digest)


def _of_checkpoint(
    path: Path, model: str | Callable[..., Embedder] | None, options: Sequence[str]
) -> Trained:
    if options or isinstance(model, str):
        raise ReIDError(
            "A checkpoint has its network's name and options: leave model and options out, or "
            "give the constructor of a network of your own as model."
        )
    return load_checkpoint(path, model)


def _of_weights(
    model: str | Callable[..., Embedder] | None, weights: str, options: Sequence[str]
) -> Trained:
    if not isinstance(model, str):
        raise ReIDError('Weights need the name of their network, such as model="osnet".')
    overrides = [f"model={model}", f"model.weights={quoted(expand_home(weights))}", *options]
    if foreign := [o for o in overrides if not o.lstrip("+~").startswith("model")]:
        raise ReIDError(f"{foreign[0]} is no option of a network: write model.KEY=VALUE.")
    return load_foreign(compose_group("model", overrides, Node(partial=False)))
