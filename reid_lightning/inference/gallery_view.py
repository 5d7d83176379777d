"""What a search says, as HTML of the page of `reid serve`."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from reid_lightning.inference.gallery_search import GallerySearch, Query
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.inference.result_files import verdict
from reid_lightning.inference.search import SearchResult
from reid_lightning.inference.verification import shown_probability

_HERE = Path(__file__).parent
_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATE = _ENVIRONMENT.from_string((_HERE / "gallery_view.html").read_text(encoding="utf-8"))
CSS = (_HERE / "gallery_view.css").read_text(encoding="utf-8")
# In the value of an HTML component, these begin what Gradio fills in.
_INERT = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;"})


def empty_view(problem: str = "") -> str:
    """What is shown before a search, or why there is none."""
    return _html(query=None, headline="This picture cannot be searched", problem=problem)


def head_view(about: str) -> str:
    """The head of the page, with a sentence on the gallery and the model."""
    template = _ENVIRONMENT.from_string("<h1>Search a gallery</h1><p>{{ about }}</p>")
    return template.render(about=about).translate(_INERT)


def result_view(searched: GallerySearch, query: Query, result: SearchResult, least: float) -> str:
    """A query, what the calibration says of it, and the pictures found.

    Args:
        searched: the gallery.
        query: which was searched.
        result: what was found.
        least: the threshold of similarity, below which pictures are dimmed.
    """
    side, headline, text = _verdict(searched, result)
    return _html(
        problem="",
        query=query.shown | {"known": _known(query.picture, query.shown)},
        side=side,
        headline=headline,
        verdict=text,
        count=_count(searched, result, least),
        found=[
            searched.shown(picture)
            | {
                "similarity": f"{similarity:.3f}",
                "probability": _probability(searched, similarity),
                "reaches": similarity >= least,
                "known": _known(picture, searched.shown(picture)),
            }
            for picture, similarity in result.found
        ],
        note=_note(searched),
    )


def _html(**values: Any) -> str:
    return _TEMPLATE.render(values).translate(_INERT)


def _verdict(searched: GallerySearch, result: SearchResult) -> tuple[str, str, str]:
    """Which side of the threshold it is, a headline, and a sentence."""
    if not result.found:
        text = "No picture of the gallery is by these cameras and of these times."
        return "unknown", "Nothing to search in", text
    if result.threshold is None:
        meaning = searched.calibration
        reason = meaning.too_large if meaning else searched.not_calibrated
        text = f"Whether somebody is not in the gallery is not calibrated: {reason}."
        return "unknown", "Not calibrated", text
    if max(found.similarity for found in result.found) >= result.threshold.similarity:
        return "present", "Probably in the gallery", verdict(result)
    return "absent", "Perhaps not in the gallery", verdict(result)


def _count(searched: GallerySearch, result: SearchResult, least: float) -> str:
    reach = sum(found.similarity >= least for found in result.found)
    text = f"{reach} of the {len(result.found)} nearest pictures reach the threshold {least:.3f}"
    if probability := _probability(searched, least):
        text += f", at which two pictures show one person with a probability of {probability}*"
    return f"{text}."


def _probability(searched: GallerySearch, similarity: float) -> str:
    meaning = searched.calibration
    return shown_probability(meaning.probability(similarity)) if meaning else ""


def _known(picture: ListedPicture, shown: dict[str, str | None]) -> str:
    frame = "" if picture.time is None else f"frame {picture.time:,}"
    return " · ".join(filter(None, [shown["known"], frame]))


def _note(searched: GallerySearch) -> str:
    if (meaning := searched.calibration) is None:
        return "The numbers are similarities, 1 of equal pictures, and no probabilities."
    return (
        "* At even odds before the comparison; of a picture that chance suggests from a large "
        f"gallery it is far less. Measured on {meaning.people} people of {meaning.data} whom the "
        "network was not trained on. A result is a suggestion: look at both pictures."
    )
