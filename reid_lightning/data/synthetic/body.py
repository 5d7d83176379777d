"""A body in space and its projection onto the picture: limbs, and cloth around rings.

Body coordinates: x to the body's left, y up, z forward, in body heights; the feet are at y = 0.
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
    stretch: float = 1.3  # boxes around people are narrower than 1 : 2 and get widened to it

    def depth(self, point: Point) -> float:
        """How far `point` is in front of the body's axis, seen from the camera, in body heights."""
        x, _, z = point
        return z * math.cos(self.yaw) - x * math.sin(self.yaw)

    def project(self, point: Point) -> tuple[float, float]:
        """The pixel (x, y) of `point`."""
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
    """Brighten (factor > 1) or darken `color`."""
    r, g, b = (min(255, int(channel * factor)) for channel in color)
    return r, g, b


def limb(
    draw: ImageDraw.ImageDraw, view: View, points: list[Point], width: float, color: Color
) -> None:
    """Draw a rounded limb through `points`, `width` body heights thick, with a shaded edge."""
    for thick, shift, tone in ((1.0, 0.0, 0.78), (0.68, -0.12, 1.0)):
        size = max(1.0, width * thick * view.scale * view.stretch)
        pixels = [(x + shift * size, y) for x, y in map(view.project, points)]
        draw.line(pixels, fill=shade(color, tone), width=round(size), joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            draw.ellipse(
                (x - size / 2, y - size / 2, x + size / 2, y + size / 2), shade(color, tone)
            )


def _between(rings: list[Ring], v: float) -> Ring:
    """The ring at position `v` in [0, 1] between the first and the last."""
    position = min(max(v, 0.0), 1.0) * (len(rings) - 1)
    first = min(int(position), len(rings) - 2)
    t, a, b = position - first, rings[first], rings[first + 1]
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
    """Draw the visible part of a piece of cloth on the surface spanned by `rings`.

    Args:
        draw: of the picture.
        view: of the camera.
        rings: of the body, from top to bottom.
        around: first and last angle (0 the front, π/2 the left side, ±π the back).
        along: first and last position in [0, 1] between the first ring and the last.
        color: of the cloth.
    """
    start, stop = along
    knots = [k / (len(rings) - 1) for k in range(len(rings))]
    levels = [_between(rings, v) for v in (start, *(k for k in knots if start < k < stop), stop)]
    steps = max(2, math.ceil(abs(around[1] - around[0]) / 0.3))
    angles = [around[0] + (around[1] - around[0]) * i / steps for i in range(steps + 1)]

    rows: list[list[tuple[float, float]]] = []
    for ring in levels:
        points = [(ring.wide * math.sin(a), ring.y, ring.deep * math.cos(a)) for a in angles]
        visible = [view.project(point) for point in points if view.depth(point) > -1e-3]
        if len(visible) < 2:
            return
        rows.append(sorted(visible))
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
    """Draw the visible parts of a strap along `path`, pairs (angle, position in [0, 1])."""
    points: list[Point] = []
    for angle, v in path:
        ring = _between(rings, v)
        points.append((ring.wide * math.sin(angle), ring.y, ring.deep * math.cos(angle)))
    for start, stop in pairwise(points):
        if view.depth(start) > 0 and view.depth(stop) > 0:
            ends = [view.project(start), view.project(stop)]
            draw.line(ends, fill=color, width=round(width * view.scale))
