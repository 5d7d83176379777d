"""Whether two pictures show the same person."""

from collections.abc import Iterator
from typing import NamedTuple

from reid_lightning.inference.calibration import FALSE_MATCH_RATES, Calibration, MatchThreshold


class Verification(NamedTuple):
    """What a similarity says.

    Args:
        similarity: the cosine of the two pictures' embeddings.
        prior: how probable it was that they show one person, before they were compared.
        probability: how probable it is now; None: not calibrated.
        calibration: what similarities mean; None: not calibrated.
        not_calibrated: why not, or empty.
    """

    similarity: float
    prior: float
    probability: float | None
    calibration: Calibration | None
    not_calibrated: str = ""

    @property
    def thresholds(self) -> dict[float, MatchThreshold | None]:
        """The threshold of each false-match rate; None where too few people tell it."""
        if (calibration := self.calibration) is None:
            return {}
        found = calibration.false_match_1_percent, calibration.false_match_0_1_percent
        return dict(zip(FALSE_MATCH_RATES, found, strict=True))


def verify_similarity(
    similarity: float, calibration: Calibration | None, prior: float, not_calibrated: str = ""
) -> Verification:
    """What a similarity says, if it is known."""
    probability = None if calibration is None else calibration.probability(similarity, prior)
    return Verification(similarity, prior, probability, calibration, not_calibrated)


def verification_text(result: Verification) -> str:
    """The result in plain text, a line for each of its parts."""
    return "\n".join(_lines(result))


def _lines(result: Verification) -> Iterator[str]:
    yield f"similarity {result.similarity:.3f}"
    if result.probability is None or (calibration := result.calibration) is None:
        yield result.not_calibrated
        return
    shown = shown_probability(result.probability)
    yield f"the same person with a probability of {shown} (before the comparison: {result.prior:g})"
    for rate, threshold in result.thresholds.items():
        if threshold is None:
            people = calibration.people
            yield f"no threshold at {rate:.1%} false matches: {people} people are too few"
            continue
        side = "above" if result.similarity >= threshold.similarity else "below"
        yield (
            f"{side} the threshold of {rate:.1%} false matches, {threshold.similarity:.3f} "
            f"(95% interval {threshold.low:.3f} to {threshold.high:.3f}; "
            f"{threshold.found:.0%} of true matches are above)"
        )
    yield (
        f"calibrated on {calibration.people} people of {calibration.data} whom the network was not "
        "trained on"
    )


def shown_probability(probability: float) -> str:
    """A probability as text, which is never certainty."""
    if probability > 0.999:
        return "more than 99.9%"
    return f"{probability:.1%}" if probability >= 0.001 else "less than 0.1%"
