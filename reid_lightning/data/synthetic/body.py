"""A body in space and its shadow on the picture: projection, limbs, and cloth wrapped around rings.

Body coordinates: x to the body's left, y up, z forward, in body heights; the feet stand at y = 0.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from PIL import ImageDraw

from reid_lightning.data.synthetic.person import Color

Point = tuple[float, float, float]


@dataclass(frozen=True)
class View:
    """How the camera sees a body: `yaw` 0 from the front, π from behind; `pitch` looking down."""

    yaw: float
    pitch: float
    feet_x: float
    feet_y: float
    scale: float  # pixels per body height
    stretch: float = 1.3  # boxes around people are narrower than 1 : 2 and are widened to it

    def depth(self, point: Point) -> float:
        """How far `point` lies in front of the body's axis, as the camera sees it."""
        x, _, z = point
        return z * math.cos(self.yaw) - x * math.sin(self.yaw)

    def project(self, point: Point) -> tuple[float, float]:
        """The pixel (x, y) where `point` is seen."""
        x, y, z = point
        across = x * math.cos(self.yaw) + z * math.sin(self.yaw)
        down = self.depth(point) * math.sin(self.pitch) - y * math.cos(self.pitch)
        return self.feet_x + self.stretch * self.scale * across, self.feet_y + self.scale * down


@dataclass(frozen=True)
class Ring:
    """An ellipse around the body's axis: half as wide as `wide`, half as deep as `deep`."""

    y: float
    wide: float
    deep: float


def shade(color: Color, factor: float) -> Color:
    """`color` in more (factor > 1) or less light."""
    r, g, b = (min(255, int(channel * factor)) for channel in color)
    return r, g, b


def limb(
    draw: ImageDraw.ImageDraw, view: View, points: list[Point], width: float, color: Color
) -> None:
    """Draw a rounded limb through `points`, `width` thick; its far rim lies in shadow."""
    for thick, shift, tone in ((1.0, 0.0, 0.78), (0.68, -0.12, 1.0)):
        size = max(1.0, width * thick * view.scale * view.stretch)
        pixels = [(x + shift * size, y) for x, y in map(view.project, points)]
        draw.line(pixels, fill=shade(color, tone), width=round(size), joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            draw.ellipse(
                (x - size / 2, y - size / 2, x + size / 2, y + size / 2), shade(color, tone)
            )


def _between(rings: list[Ring], v: float) -> Ring:
    """The ring at `v` in [0, 1] of the way from the first to the last."""
    place = min(max(v, 0.0), 1.0) * (len(rings) - 1)
    first = min(int(place), len(rings) - 2)
    t, a, b = place - first, rings[first], rings[first + 1]
    return Ring(
        a.y + t * (b.y - a.y), a.wide + t * (b.wide - a.wide), a.deep + t * (b.deep - a.deep)
    )


def patch(
    draw: ImageDraw.ImageDraw,
    view: View,
    rings: list[Ring],
    around: tuple[float, float],
    along: tuple[float, float],
    color: Color,
) -> None:
    """Draw the visible part of a piece of cloth on the surface that `rings` span.

    `around` are two angles (0 the front, π/2 the left side, ±π the back), `along` two places in
    [0, 1] from the first ring to the last.
    """
    # sin and cos of (angle − turn) are the place across and towards the camera on the ellipse.
    start, stop = along
    knots = [k / (len(rings) - 1) for k in range(len(rings))]
    levels = [_between(rings, v) for v in (start, *(k for k in knots if start < k < stop), stop)]
    steps = max(2, math.ceil(abs(around[1] - around[0]) / 0.3))
    angles = [around[0] + (around[1] - around[0]) * i / steps for i in range(steps + 1)]

    rows: list[list[tuple[float, float]]] = []
    for ring in levels:
        points = [(ring.wide * math.sin(a), ring.y, ring.deep * math.cos(a)) for a in angles]
        seen = [view.project(point) for point in points if view.depth(point) > -1e-3]
        if len(seen) < 2:
            return
        rows.append(sorted(seen))
    outline = rows[0] + [row[-1] for row in rows[1:-1]] + rows[-1][::-1]
    outline += [row[0] for row in rows[-2:0:-1]]
    draw.polygon(outline, fill=color)


def ribbon(
    draw: ImageDraw.ImageDraw,
    view: View,
    rings: list[Ring],
    path: list[tuple[float, float]],
    width: float,
    color: Color,
) -> None:
    """Draw the visible parts of a strap, `width` wide, along `path`, pairs (angle, place)."""
    points: list[Point] = []
    for angle, v in path:
        ring = _between(rings, v)
        points.append((ring.wide * math.sin(angle), ring.y, ring.deep * math.cos(angle)))
    for start, stop in pairwise(points):
        if view.depth(start) > 0 and view.depth(stop) > 0:
            ends = [view.project(start), view.project(stop)]
            draw.line(ends, fill=color, width=round(width * view.scale))
