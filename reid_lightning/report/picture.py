"""Pictures of a report: saved as PNG files, and held by the page as data URLs."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from reid_lightning.files import replaced_atomically
from reid_lightning.report.figures.ranked_list import render_ranked_list
from reid_lightning.report.figures.style import save_png
from reid_lightning.results.ranked_list import RankedList

_DPI = 160


class Picture(NamedTuple):
    """A picture inside the page: its bytes as a data URL, and what it shows, in words."""

    url: str
    alt: str


def save_plot(figure: Figure, path: Path, alt: str) -> Picture:
    """Save a figure as a PNG file; `alt` says what it shows."""
    save_png(figure, path, _DPI)
    return Picture(_data_url("image/png", path.read_bytes()), alt)


def save_list(ranked: RankedList, path: Path) -> Picture:
    """Save a ranked list as a PNG file; the page holds a JPEG of a fifth of its size."""
    image, jpeg = render_ranked_list(ranked), io.BytesIO()
    with replaced_atomically(path) as partial:
        image.save(partial, "PNG")
    image.save(jpeg, "JPEG", quality=85)
    alt = f"{ranked.query.path.name}: {ranked.title}"
    return Picture(_data_url("image/jpeg", jpeg.getvalue()), alt)


def _data_url(mime_type: str, content: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"
