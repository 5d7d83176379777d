"""One ranked list as a picture: the query, and the gallery pictures nearest to it."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from reid_lightning.data.pictures import Picture, decode
from reid_lightning.results.ranked_list import RankedList
from reid_lightning.scoring.nearest_pictures import Verdict

WIDTH, HEIGHT = 88, 168  # of a picture with its frame, in pixels
FRAME, GAP, PAD, HEAD, FOOT, BADGE = 4, 8, 14, 34, 22, 24
PAPER, INK = "#ffffff", "#24292f"
# A bluish green, distinct from red for colour-blind people; tick and cross repeat the verdict.
COLORS: dict[Verdict, str] = {"hit": "#009e73", "miss": "#d1242f", "junk": "#9aa0a6"}
TICK = [[(0.27, 0.53), (0.44, 0.69), (0.74, 0.35)]]  # lines, in fractions of the badge
CROSS = [[(0.32, 0.32), (0.68, 0.68)], [(0.32, 0.68), (0.68, 0.32)]]


def render_ranked_list(ranked: RankedList) -> Image.Image:
    """The query on the left, the ranked gallery pictures to its right.

    Hits are framed green with a tick, misses red with a cross; junk, which does not count, is grey.

    Raises:
        ReIDError: a picture cannot be read.
    """
    query, gallery, title, label = ranked
    width = 2 * PAD + (1 + len(gallery)) * (WIDTH + GAP) - GAP + 2 * GAP
    canvas = Image.new("RGB", (width, HEAD + HEIGHT + FOOT + PAD), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.text((PAD, HEAD / 2 + 1), title, INK, ImageFont.load_default(15), anchor="lm")
    _paste(canvas, PAD, _framed(query, INK), label, INK)
    for column, shown in enumerate(gallery, start=1):
        x = PAD + column * (WIDTH + GAP) + 2 * GAP
        color = COLORS[shown.verdict]
        picture = _framed(shown.picture, color, faded=shown.verdict == "junk")
        _paste(canvas, x, picture, shown.label, color if shown.verdict == "junk" else INK)
        if shown.verdict != "junk":
            badge = _badge(color, TICK if shown.verdict == "hit" else CROSS)
            canvas.paste(badge, (x + WIDTH - BADGE, HEAD + HEIGHT - BADGE), badge)
    return canvas


def _paste(canvas: Image.Image, x: int, picture: Image.Image, label: str, color: str) -> None:
    canvas.paste(picture, (x, HEAD))
    center = (x + WIDTH / 2, HEAD + HEIGHT + FOOT / 2 + 2)
    ImageDraw.Draw(canvas).text(center, label, color, ImageFont.load_default(13), anchor="mm")


def _framed(picture: Picture, color: str, faded: bool = False) -> Image.Image:
    """The whole picture in a frame, with its proportions unchanged."""
    inside = (WIDTH - 2 * FRAME, HEIGHT - 2 * FRAME)
    shown = ImageOps.pad(decode(picture), inside, Image.Resampling.BICUBIC, color="#f0f1f3")
    if faded:
        shown = Image.blend(ImageOps.grayscale(shown).convert("RGB"), _blank(inside), 0.35)
    return ImageOps.expand(shown, FRAME, color)


def _blank(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, PAPER)


def _badge(color: str, lines: Sequence[Sequence[tuple[float, float]]]) -> Image.Image:
    """A disc with a white mark, made larger and shrunk so that its edges are smooth."""
    size = 4 * BADGE
    badge = Image.new("RGBA", (size, size), f"{PAPER}00")
    draw = ImageDraw.Draw(badge)
    draw.ellipse((0, 0, size - 1, size - 1), PAPER)
    draw.ellipse((8, 8, size - 9, size - 9), color)
    for line in lines:
        points = [(x * size, y * size) for x, y in line]
        draw.line(points, PAPER, 10, joint="curve")
        for x, y in points:  # round ends
            draw.ellipse((x - 5, y - 5, x + 5, y + 5), PAPER)
    return badge.resize((BADGE, BADGE), Image.Resampling.LANCZOS)
