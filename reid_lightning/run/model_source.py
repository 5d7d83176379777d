"""Which model a command uses: the keys that all commands about a trained model share."""

from typing import TypedDict

from reid_lightning.signatures import FilePath, Size, Text


class ModelSource(TypedDict, total=False):
    """The model: a checkpoint of a training, an exported file, or weights of others.

    Args:
        checkpoint: a checkpoint that a training wrote, the folder of a run, whose best it is, that
            of a model card, or an .onnx file that `reid export` wrote.
        model: of weights of others: the name of a network, as in `model=osnet`.
        weights: their file, or a name such as `imagenet`.
        options: of the network with these weights: `["model.width=0.25"]`.
        size: height and width of the network's input; null: those of its training, for weights
            256 × 128.
        device: torch's name of one, or `auto`: a GPU if there is one.
    """

    checkpoint: FilePath | None
    model: Text | None
    weights: FilePath | None
    options: list[str]
    size: tuple[Size, Size] | None
    device: Text
