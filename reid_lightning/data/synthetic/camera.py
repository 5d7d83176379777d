"""The six cameras of the synthetic set: the site each one looks at, and its lens."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from reid_lightning.data.synthetic.person import Color

CROP = (64, 128)  # width and height of a picture in pixels


@dataclass(frozen=True)
class Site:
    """What a camera looks at."""

    pitch: float  # of the camera, looking down, in radians
    path: float  # yaw in radians of people who walk its path one way; others walk the opposite way
    wall: Color
    ground: Color
    openings: int  # windows and doors
    bushes: int
    rails: int
    tile: int  # distance between the joints in the ground, in pixels


@dataclass(frozen=True)
class Lens:
    """How a camera records light."""

    cast: tuple[float, float, float]
    exposure: float
    gamma: float
    saturation: float
    contrast: float
    blur: float  # pixels
    noise: float  # grey levels
    shrink: int  # one pixel of the sensor covers shrink × shrink pixels of a crop
    quality: int  # of the JPEG


@dataclass(frozen=True)
class Camera:
    """One camera: its site and its lens."""

    site: Site
    lens: Lens


CAMERAS = (
    Camera(  # a square in plain daylight
        Site(0.12, 0.3, (164, 160, 152), (146, 142, 136), openings=7, bushes=2, rails=0, tile=34),
        Lens((1.02, 1.0, 0.97), 1.02, 1.0, 1.0, 1.0, blur=0.5, noise=4, shrink=1, quality=82),
    ),
    Camera(  # a park in the evening sun
        Site(0.25, 1.4, (112, 126, 100), (158, 150, 132), openings=0, bushes=15, rails=3, tile=60),
        Lens((1.06, 1.01, 0.93), 1.02, 0.97, 1.05, 1.0, blur=0.5, noise=4, shrink=1, quality=75),
    ),
    Camera(  # a bicycle stand in blue dusk
        Site(0.32, 0.8, (122, 124, 130), (114, 116, 120), openings=5, bushes=0, rails=14, tile=24),
        Lens((0.95, 0.99, 1.06), 0.93, 1.0, 0.97, 0.98, blur=0.5, noise=6, shrink=1, quality=70),
    ),
    Camera(  # overexposed and washed out
        Site(0.18, 2.2, (180, 176, 168), (168, 164, 154), openings=3, bushes=6, rails=8, tile=46),
        Lens((1.01, 1.02, 1.0), 1.03, 0.94, 0.93, 0.92, blur=0.6, noise=5, shrink=1, quality=60),
    ),
    Camera(  # a brick passage under green lamps
        Site(0.22, 1.0, (140, 114, 102), (130, 126, 120), openings=9, bushes=4, rails=0, tile=28),
        Lens((0.98, 1.04, 0.95), 0.97, 1.03, 0.97, 1.03, blur=0.5, noise=6, shrink=1, quality=72),
    ),
    Camera(  # far away, few pixels
        Site(0.28, 0.0, (120, 124, 120), (136, 140, 132), openings=4, bushes=8, rails=5, tile=40),
        Lens((1.03, 0.98, 1.02), 0.99, 1.0, 0.94, 0.96, blur=0.3, noise=5, shrink=2, quality=65),
    ),
)


def clouds(
    rng: np.random.Generator, size: tuple[int, int], cells: int, spread: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Smooth random values around 0.

    Args:
        rng: the random numbers.
        size: width and height in pixels.
        cells: about the number of bumps from top to bottom.
        spread: standard deviation before smoothing.

    Returns:
        float32 [height, width, 1].
    """
    width, height = size
    grid = rng.normal(0, spread, (cells, max(2, cells * width // height))).astype(np.float32)
    smooth = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32)[..., None]


def develop(picture: Image.Image, lens: Lens, rng: np.random.Generator) -> Image.Image:
    """Turn `picture` (any size) into the 64 × 128 crop that `lens` records, with its flaws."""
    small = picture.resize(CROP, Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(lens.blur * rng.uniform(0.5, 1.6)))
    if lens.shrink > 1:
        coarse = (CROP[0] // lens.shrink, CROP[1] // lens.shrink)
        small = small.resize(coarse, Image.Resampling.BOX).resize(CROP, Image.Resampling.BILINEAR)
    light = np.asarray(small, dtype=np.float32) / 255
    exposure = lens.exposure * rng.uniform(0.9, 1.1)
    # The sun is on one side of the picture, and trees cast soft shadows.
    tilt = rng.uniform(-0.12, 0.12)
    sun = np.linspace(1 - tilt, 1 + tilt, CROP[0], dtype=np.float32)[:, None]
    light = light * (exposure * sun * (1 + clouds(rng, CROP, 6, 0.07)))
    grey = light.mean(axis=2, keepdims=True)
    cast = np.array(lens.cast, dtype=np.float32) * rng.uniform(0.97, 1.03, 3).astype(np.float32)
    light = (grey + lens.saturation * (light - grey)) * cast
    light = 0.5 + lens.contrast * (np.clip(light, 0, 1) ** lens.gamma - 0.5)
    light = 255 * light + rng.standard_normal(light.shape, dtype=np.float32) * lens.noise
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
