"""Pictures of a report: saved as files, and held by the page as data URLs."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from PIL import Image

from reid_lightning.data import pictures
from reid_lightning.files import replaced_atomically
from reid_lightning.report.figures.ranked_list import render_ranked_list
from reid_lightning.report.figures.style import save_png, save_svg
from reid_lightning.results.ranked_list import RankedList

_DPI = 300
_SHOWN_DPI = 110  # on the page: three columns of a paper side by side
_THUMBNAIL = (96, 192)  # pixels


class Picture(NamedTuple):
    """A figure inside the page: a data URL, what it shows in words, and its width in pixels."""

    url: str
    alt: str
    width: int


class Thumbnail(NamedTuple):
    """A small picture inside the page: a data URL, its file's name, what it is, and its caption."""

    url: str
    file: str
    verdict: str  # query, hit, miss, or junk
    label: str


class ShownList(NamedTuple):
    """A query and what was retrieved, nearest first, below a title."""

    title: str
    pictures: list[Thumbnail]


def save_plot(figure: Figure, path: Path, alt: str) -> Picture:
    """Save a figure as SVG and as PNG.

    Args:
        figure: whole.
        path: of the SVG file; the PNG file stands beside it.
        alt: what it shows.
    """
    save_svg(figure, path)
    figure.set_layout_engine("none")  # it is laid out, which takes as long as to draw it
    save_png(figure, path.with_suffix(".png"), _DPI)
    url = _data_url("image/svg+xml", path.read_bytes())
    return Picture(url, alt, round(_SHOWN_DPI * figure.get_figwidth()))


def save_list(ranked: RankedList, path: Path) -> ShownList:
    """Save a ranked list as a PNG file; the page holds its pictures as small JPEGs.

    Raises:
        ReIDError: a picture cannot be read.
    """
    image = render_ranked_list(ranked)
    with replaced_atomically(path) as partial:
        image.save(partial, "PNG")
    return shown_list(ranked)


def shown_list(ranked: RankedList) -> ShownList:
    """A ranked list as the page shows it.

    Raises:
        ReIDError: a picture cannot be read.
    """
    shown = [thumbnail(s.picture, s.verdict, s.label) for s in ranked.gallery]
    return ShownList(ranked.title, [thumbnail(ranked.query, "query", ranked.label), *shown])


def thumbnail(picture: pictures.Picture, verdict: str, label: str) -> Thumbnail:
    """A small copy of a picture.

    Raises:
        ReIDError: it cannot be read.
    """
    image, jpeg = pictures.decode(picture), io.BytesIO()
    image.thumbnail(_THUMBNAIL, Image.Resampling.BICUBIC)
    image.save(jpeg, "JPEG", quality=85)
    url = _data_url("image/jpeg", jpeg.getvalue())
    return Thumbnail(url, picture.path.name, verdict, label)


def _data_url(mime_type: str, content: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"
