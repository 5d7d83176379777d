"""What an exported file says of itself."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Le

from reid_lightning.errors import ReIDError
from reid_lightning.inference.export_graph import ExportType, Normalize
from reid_lightning.signatures import Count, Natural, NonNegative, Size, Text, check_argument

FACTS_KEY = "reid_lightning"  # of a file's metadata

_Seed = Annotated[int, Ge(0), Le(2**63 - 1)]


class ExportFacts(NamedTuple):
    """The metadata of an exported file, JSON in its entry `reid_lightning`.

    Args:
        version: of reid-lightning.
        model: the digest of the network that was exported.
        height, width: of the input, in pixels.
        embedding_size: d.
        normalize: `inside`: the input is pixels, 0 to 255; `outside`: pixels / 255, less `mean`, by
            `std`.
        mean, std: of the three channels.
        dtype: of the input.
        quantize: `int8`, or None.
        parameters, gmacs: what the network costs, see `Cost`.
        data: the name of the training set, where that is known.
        seed, settings: of the training, where they are known.
        scores: of the run whose best checkpoint was exported: `test/mAP` and others, as fractions;
            of an int8 file `float/mAP` and `int8/mAP`.
        calibration: what similarities mean, the content of a calibration.json.
    """

    version: Text
    model: Text
    height: Size
    width: Size
    embedding_size: Count
    normalize: Normalize
    mean: list[float]
    std: list[float]
    dtype: ExportType
    quantize: Literal["int8"] | None
    parameters: Natural
    gmacs: NonNegative | None
    data: Text | None
    seed: _Seed | None
    settings: Text | None
    scores: dict[str, float]
    calibration: dict[str, Any] | None


def facts_text(facts: ExportFacts) -> str:
    """The facts as JSON, in one line."""
    return json.dumps(facts._asdict())


def parse_facts(text: str) -> ExportFacts:
    """What `facts_text` gave, which may come from a stranger.

    Raises:
        ReIDError: something is missing or no value of its kind; the end of a sentence.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReIDError("its metadata is no JSON") from error
    if not isinstance(content, Mapping):
        raise ReIDError("its metadata holds no names with values")
    values: dict[str, Any] = {name: content.get(name) for name in ExportFacts._fields}
    for name, hint in ExportFacts.__annotations__.items():
        try:
            check_argument(name, values[name], hint)
        except ReIDError as error:
            raise ReIDError(f"of its metadata, {str(error).rstrip('.')}") from error
    return ExportFacts(**values)
