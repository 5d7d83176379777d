"""Whether what a file holds can be the weights of a network."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def weights_problem(weights: Mapping[Any, object], expected: Mapping[str, Tensor]) -> str | None:
    """Why `weights` are not those of a network with the tensors `expected`, if they are not.

    Args:
        weights: by name.
        expected: the network's own; they may be on the device `meta`.

    Returns:
        The end of a sentence about the file.
    """
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            return f"it holds a {type(value).__name__} among its weights, and no tensor"
    wrong = sorted(expected.keys() ^ weights.keys())
    if wrong:
        state = "is missing" if wrong[0] in expected else "is one too many"
    else:
        wrong = [name for name in expected if _shape(weights[name]) != _shape(expected[name])]
        if wrong:
            shapes = f"{_shape(weights[wrong[0]])} in place of {_shape(expected[wrong[0]])}"
            state = f"has the shape {shapes}"
    if wrong:
        return (
            f"its weights do not fit the network: {len(wrong)} of {len(expected)} tensors, such as "
            f"{wrong[0]}, which {state}"
        )
    return values_problem(weights, expected)


def values_problem(weights: Mapping[Any, object], expected: Mapping[str, Tensor]) -> str | None:
    """Why the tensors of `expected` cannot get their values from those in `weights`."""
    for name in expected.keys() & weights.keys():
        tensor = weights[name]
        if not isinstance(tensor, Tensor):
            return f"its {name} is no tensor"
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            return f"its {name} is a sparse, quantized or empty tensor"
        if expected[name].is_floating_point():
            if not tensor.is_floating_point():
                return f"its {name} has whole or complex numbers ({tensor.dtype})"
            if not bool(tensor.to(expected[name].dtype).isfinite().all()):
                return f"its {name} holds NaN or infinity: the training that wrote it diverged"
    return None


def _shape(tensor: object) -> list[int]:
    return list(tensor.shape) if isinstance(tensor, Tensor) else []
