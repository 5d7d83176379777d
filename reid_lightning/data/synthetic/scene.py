"""What a camera of the synthetic set sees when nobody walks past."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from reid_lightning.data.synthetic.body import shade
from reid_lightning.data.synthetic.camera import Site, clouds
from reid_lightning.data.synthetic.person import Color

SCENE = (480, 300)  # width and height of a scene in pixels
HORIZON = 110  # the line between wall and ground, in pixels from the top
LEAVES: Color = (88, 104, 76)


def draw_bush(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, radius: float
) -> None:
    """Draw a bush around (x, y), `radius` pixels large."""
    leaf = shade(LEAVES, rng.uniform(0.6, 1.3))
    for _ in range(16):
        dx, dy = rng.normal(0, 0.6 * radius, 2)
        s = radius * rng.uniform(0.2, 0.5)
        box = (x + dx - s, y + dy - s, x + dx + s, y + dy + s)
        draw.ellipse(box, shade(leaf, rng.uniform(0.7, 1.3)))


def paint_scene(site: Site, rng: np.random.Generator) -> Image.Image:
    """Paint `site`, 480 × 300 pixels: a wall with openings, the ground, bushes and rails."""
    width, height = SCENE
    scene = Image.new("RGB", SCENE, site.wall)
    draw = ImageDraw.Draw(scene)
    for _ in range(site.openings):
        x, y = rng.uniform(0, width), rng.uniform(-20, 60)
        w, h = rng.uniform(20, 50), rng.uniform(30, 90)
        tone = shade(site.wall, rng.uniform(0.6, 1.2))
        draw.rectangle((x, y, x + w, min(y + h, HORIZON)), tone, shade(site.wall, 0.6), 3)
    _pave(draw, site)
    for _ in range(site.bushes):
        x, y = rng.uniform(0, width), rng.uniform(50, HORIZON + 25)
        draw_bush(draw, rng, x, y, rng.uniform(12, 34))
    for _ in range(site.rails):
        x, tone = rng.uniform(0, width), shade((110, 112, 116), rng.uniform(0.5, 1.4))
        draw.line((x, 0, x, HORIZON + rng.uniform(0, 60)), tone, int(rng.integers(3, 8)))
    grain = rng.normal(0, 8, (height, width, 1)) + clouds(rng, SCENE, 14, 7)
    pixels = np.clip(np.asarray(scene, dtype=np.float32) + grain, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1))


def _pave(draw: ImageDraw.ImageDraw, site: Site) -> None:
    """Draw the ground, with joints that converge in the distance."""
    width, height = SCENE
    joint = shade(site.ground, 0.85)
    draw.rectangle((0, HORIZON, width, height), site.ground)
    draw.rectangle((0, HORIZON, width, HORIZON + 5), shade(site.ground, 0.7))
    y = float(HORIZON)
    while y < height:
        draw.line((0, y, width, y), joint, 2)
        y += site.tile * (0.4 + 0.8 * (y - HORIZON) / (height - HORIZON))
    for x in range(-width, 2 * width, site.tile):
        foot = width / 2 + 2.2 * (x - width / 2)
        draw.line((x, HORIZON, foot, height), joint, 2)
