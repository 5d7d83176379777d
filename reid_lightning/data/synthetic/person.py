"""The look of an identity of the synthetic set: its build, hair, skin, clothes and bag."""

from dataclasses import dataclass

import numpy as np

Color = tuple[int, int, int]

# Few colours, so that many identities share one: a single garment must not identify a person.
UPPER_COLORS: tuple[Color, ...] = (
    (36, 36, 40),
    (228, 228, 222),
    (130, 132, 136),
    (40, 52, 92),
    (168, 48, 52),
    (88, 132, 184),
    (58, 108, 72),
    (208, 178, 76),
    (204, 130, 152),
    (108, 70, 122),
    (206, 122, 62),
    (116, 86, 64),
    (98, 160, 156),
    (196, 182, 152),
)
LOWER_COLORS: tuple[Color, ...] = (
    (34, 34, 38),
    (44, 56, 90),
    (96, 120, 156),
    (188, 174, 146),
    (122, 124, 128),
    (218, 216, 212),
    (92, 74, 58),
    (78, 90, 66),
    (142, 54, 60),
)
SKINS: tuple[Color, ...] = ((240, 208, 184), (222, 178, 144), (184, 134, 100), (122, 82, 58))
HAIRS: tuple[Color, ...] = (
    (24, 20, 20),
    (70, 46, 30),
    (128, 88, 52),
    (206, 170, 104),
    (160, 158, 156),
)

PATTERNS = ("plain", "hoops", "stripes", "checks", "block", "print", "open")
BAGS = ("none", "backpack", "shoulder", "hand")


@dataclass(frozen=True)
class Person:
    """One identity; lengths are in body heights, `bag_side` is −1 (right hand) or 1 (left)."""

    shoulders: float
    hips: float
    girth: float
    legs: float
    skin: Color
    hair: Color
    hair_style: str  # short | long | bald | hat
    hat: Color
    upper: Color
    upper_second: Color
    pattern: str
    sleeves: float  # share of the arm that is covered
    hem: float  # how far the upper garment reaches below the hip
    lower: Color
    lower_style: str  # trousers | shorts | skirt | striped
    shoes: Color
    bag: str
    bag_color: Color
    bag_side: int


def _pick(rng: np.random.Generator, colors: tuple[Color, ...], spread: float = 7.0) -> Color:
    """One of `colors` with a small random change, as no two dyes are equal."""
    base = np.array(colors[rng.integers(len(colors))])
    r, g, b = np.clip(base + rng.normal(0, spread, 3), 8, 248).astype(int)
    return int(r), int(g), int(b)


def dress(rng: np.random.Generator) -> Person:
    """A random person; the same generator state gives the same person."""
    build = rng.uniform(0.82, 1.22)
    return Person(
        shoulders=0.118 * build * rng.uniform(0.92, 1.08),
        hips=0.088 * build * rng.uniform(0.92, 1.12),
        girth=0.068 * build**1.4,
        legs=rng.uniform(0.46, 0.53),
        skin=_pick(rng, SKINS, 6),
        hair=_pick(rng, HAIRS, 6),
        hair_style=str(rng.choice(["short", "long", "bald", "hat"], p=[0.45, 0.33, 0.07, 0.15])),
        hat=_pick(rng, UPPER_COLORS),
        upper=_pick(rng, UPPER_COLORS),
        upper_second=_pick(rng, UPPER_COLORS),
        pattern=str(rng.choice(PATTERNS, p=[0.3, 0.13, 0.1, 0.1, 0.12, 0.15, 0.1])),
        sleeves=float(rng.choice([0.0, 0.45, 1.0], p=[0.1, 0.45, 0.45])),
        hem=float(rng.choice([0.02, 0.06, 0.22], p=[0.45, 0.4, 0.15])),
        lower=_pick(rng, LOWER_COLORS),
        lower_style=str(
            rng.choice(["trousers", "shorts", "skirt", "striped"], p=[0.52, 0.22, 0.18, 0.08])
        ),
        shoes=_pick(rng, UPPER_COLORS[:5]),
        bag=str(rng.choice(BAGS, p=[0.42, 0.2, 0.22, 0.16])),
        bag_color=_pick(rng, UPPER_COLORS),
        bag_side=int(rng.choice([-1, 1])),
    )
