"""One picture of the synthetic set: a person in front of a scene, as a detector crops it."""

import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from reid_lightning.data.synthetic.body import View, shade
from reid_lightning.data.synthetic.camera import CROP, Camera, develop
from reid_lightning.data.synthetic.figure import Pose, draw_person
from reid_lightning.data.synthetic.person import Person, dress
from reid_lightning.data.synthetic.scene import HORIZON, SCENE, draw_bush

SUPERSAMPLING = 2  # pictures are drawn this much larger than a crop, for smooth edges
WIDTH, HEIGHT = CROP[0] * SUPERSAMPLING, CROP[1] * SUPERSAMPLING


def draw_crop(
    person: Person,
    camera: Camera,
    scene: Image.Image,
    *,
    yaw: float,
    rng: np.random.Generator,
    junk: bool = False,
) -> Image.Image:
    """Draw a 64 × 128 picture of `person`, seen by `camera` in front of its `scene`.

    Args:
        person: who is drawn.
        camera: gives the view and the flaws.
        scene: the camera's background.
        yaw: the direction in which the person walks, in radians: 0 towards the camera, π away.
        rng: decides pose, box, occluder and flaws.
        junk: crop the box badly: only background, or a part of the person.
    """
    canvas = _backdrop(scene, rng)
    draw = ImageDraw.Draw(canvas)
    x, y = WIDTH * rng.normal(0.5, 0.04), HEIGHT * rng.normal(0.95, 0.012)
    view = View(yaw, camera.site.pitch, x, y, HEIGHT * rng.uniform(0.86, 0.96))
    if rng.random() < 0.1:
        _draw_passer(draw, camera, rng, WIDTH * rng.uniform(0, 1), 0.8 * view.scale)
    crop_view = _bad_crop(view, rng) if junk else view
    if crop_view is not None:
        x, y, radius = crop_view.feet_x, crop_view.feet_y, 0.16 * crop_view.scale
        draw.ellipse((x - radius, y - 8, x + radius, y + 6), shade(camera.site.ground, 0.6))
        draw_person(draw, person, _pose(rng), crop_view)
    if rng.random() < 0.12:
        _occlude(draw, camera, rng)
    return develop(canvas, camera.lens, rng)


def _backdrop(scene: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random piece of `scene` around a standing person; nearer people are lower and larger."""
    feet = rng.uniform(HORIZON + 40, SCENE[1] - 12)
    height = 110 + 0.6 * (feet - HORIZON)
    width = height / 2
    left, top = rng.uniform(0, SCENE[0] - width), max(0.0, feet - 0.96 * height)
    box = (left, top, left + width, top + height)
    return scene.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=box)


def _bad_crop(view: View, rng: np.random.Generator) -> View | None:
    """The view of a detector that failed: much too near, half outside the box, or no person."""
    kind = rng.integers(3)
    if kind == 0:
        return None
    if kind == 1:
        y = view.feet_y + HEIGHT * rng.uniform(0.1, 1.2)
        return replace(view, feet_y=y, scale=view.scale * rng.uniform(1.7, 2.6))
    x = view.feet_x + WIDTH * rng.choice([-1, 1]) * rng.uniform(0.4, 0.6)
    return replace(view, feet_x=x, feet_y=view.feet_y + HEIGHT * rng.uniform(-0.45, 0.45))


def _pose(rng: np.random.Generator) -> Pose:
    stride = rng.uniform(0.2, 0.55) if rng.random() < 0.8 else rng.uniform(0.0, 0.1)
    elbow = rng.uniform(0.15, 0.7) if rng.random() < 0.85 else rng.uniform(1.3, 2.2)
    return Pose(rng.uniform(0, 2 * math.pi), stride, elbow)


def _draw_passer(
    draw: ImageDraw.ImageDraw, camera: Camera, rng: np.random.Generator, x: float, scale: float
) -> None:
    """Draw another person on the same path, at `x`; a smaller `scale` is farther away."""
    y = 0.96 * HEIGHT - 0.5 * (0.92 * HEIGHT - scale)
    yaw = camera.site.path + math.pi * rng.integers(2)
    draw_person(draw, dress(rng), _pose(rng), View(yaw, camera.site.pitch, x, y, scale))


def _occlude(draw: ImageDraw.ImageDraw, camera: Camera, rng: np.random.Generator) -> None:
    """Draw something between the camera and the person: a post, a bush, a bin or a passer-by."""
    kind, x = rng.integers(4), rng.uniform(0, WIDTH)
    if kind == 0:
        w, tone = rng.uniform(8, 22), shade((120, 122, 126), rng.uniform(0.5, 1.4))
        draw.rectangle((x, 0, x + w, HEIGHT), tone)
        draw.rectangle((x, 0, x + 0.3 * w, HEIGHT), shade(tone, 0.7))
    elif kind == 1:
        for _ in range(2):
            draw_bush(draw, rng, x, rng.uniform(0.78, 1.0) * HEIGHT, rng.uniform(25, 45))
    elif kind == 2:
        w, y = rng.uniform(40, 80), rng.uniform(0.65, 0.85) * HEIGHT
        tone = shade((96, 98, 92), rng.uniform(0.4, 1.8))
        draw.rounded_rectangle((x - w / 2, y, x + w / 2, HEIGHT + 20), 8, tone)
        draw.line((x - w / 2, y + 10, x + w / 2, y + 10), shade(tone, 0.7), 4)
    else:
        side = WIDTH * (0.5 + rng.choice([-1, 1]) * rng.uniform(0.42, 0.6))
        _draw_passer(draw, camera, rng, side, HEIGHT * rng.uniform(0.95, 1.1))
