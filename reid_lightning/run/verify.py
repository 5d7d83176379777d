"""The command `verify`: whether two pictures show the same person."""

from collections.abc import Sequence

from typing_extensions import Unpack

from reid_lightning.inference.calibration import Calibration, Prior
from reid_lightning.inference.verification import (
    Verification,
    verification_text,
    verify_similarity,
)
from reid_lightning.run.find_calibration import find_calibration
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_model import load_model
from reid_lightning.run.model_source import ModelSource
from reid_lightning.signatures import FilePath, checked


@checked("verify")
def verify(
    *,
    first: FilePath,
    second: FilePath,
    prior: Prior = 0.5,
    calibration: FilePath | None = None,
    **source: Unpack[ModelSource],
) -> Verification:
    """Whether two pictures show the same person: `reid verify a.jpg b.jpg checkpoint=RUN`.

    Args:
        first, second: the pictures.
        prior: how probable it is that they show one person, before they are compared.
        calibration: what similarities of this model mean, a calibration.json that its training has
            written with data.val_identities=100; null: that of its run's folder.

    Returns:
        The similarity, and what it means.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    model = load_model(**source)
    found = find_calibration(model, source.get("checkpoint"), calibration)
    one, other = model([first, second]).double()
    known = found if isinstance(found, Calibration) else None
    return verify_similarity(float(one @ other), known, prior, "" if known else str(found))


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    run_function(
        "verify",
        verify,
        arguments,
        lambda result: print(verification_text(result)),
        bare=("first", "second"),
    )
