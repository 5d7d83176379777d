"""The parts of a figure other than its limbs: torso, skirt, bag and head."""

import math

from PIL import ImageDraw

from reid_lightning.data.synthetic.body import Point, Ring, View, limb, patch, ribbon, shade
from reid_lightning.data.synthetic.person import Color, Person

SHOULDER = 0.80  # height of the shoulders
HALF_TURN = math.pi


def draw_torso(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
    """Draw the upper garment with its pattern, and the straps of a bag."""
    wide, deep, bottom = person.shoulders, person.girth, person.legs - person.hem
    drop = SHOULDER + 0.015 - bottom
    flare = 1.05 + 1.2 * person.hem
    rings = [
        Ring(SHOULDER + 0.05, 0.45 * wide, 0.6 * deep),
        Ring(SHOULDER + 0.015, 0.98 * wide, 0.9 * deep),
        Ring(SHOULDER - 0.33 * drop, 0.92 * wide, 1.05 * deep),
        Ring(SHOULDER - 0.66 * drop, 0.5 * (0.8 * wide + person.hips) + 0.15 * deep, 1.1 * deep),
        Ring(bottom, person.hips * flare, 1.05 * deep * flare),
    ]
    second, full = person.upper_second, (-HALF_TURN, HALF_TURN)
    patch(draw, view, rings, full, (0, 1), person.upper)
    if person.pattern in ("hoops", "checks"):
        for k in range(4):
            patch(draw, view, rings, full, (0.2 + 0.2 * k, 0.29 + 0.2 * k), second)
    if person.pattern in ("stripes", "checks"):
        for k in range(10):
            angle = k * HALF_TURN / 5 - HALF_TURN
            patch(draw, view, rings, (angle, angle + 0.22), (0.12, 1), second)
    if person.pattern == "block":
        patch(draw, view, rings, full, (0, 0.45), second)
    if person.pattern == "print":
        patch(draw, view, rings, (-0.55, 0.55), (0.3, 0.62), second)
        patch(draw, view, rings, (-0.25, 0.25), (0.38, 0.54), shade(person.upper, 0.6))
    if person.pattern == "open":
        patch(draw, view, rings, (-0.4, 0.4), (0, 1), second)
    if person.bag == "backpack":
        for angle in (-0.65, 0.65):
            straight = [(angle, 0.06 * k) for k in range(11)]
            ribbon(draw, view, rings, straight, 0.025, person.bag_color)
    if person.bag == "shoulder":
        # From the hip with the bag over the other shoulder, in front and behind.
        across = [(1.5 - 0.2 * k, 0.95 - 0.06 * k) for k in range(15)]
        for front in (1, -1):
            path = [(person.bag_side * (a if front > 0 else HALF_TURN - a), v) for a, v in across]
            ribbon(draw, view, rings, path, 0.022, person.bag_color)


def draw_skirt(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
    """Draw a skirt from above the hips to the knees."""
    wide, deep, knee = person.hips, person.girth, 0.5 * person.legs
    rings = [
        Ring(person.legs + 0.06, 0.95 * wide, deep),
        Ring(person.legs, 1.1 * wide, 1.15 * deep),
        Ring(knee, 1.45 * wide, 1.5 * deep),
    ]
    patch(draw, view, rings, (-HALF_TURN, HALF_TURN), (0, 1), person.lower)


def draw_bag(
    draw: ImageDraw.ImageDraw, view: View, person: Person, centre: Point, half: Point
) -> None:
    """Draw a bag: an upright box with rounded corners.

    Args:
        centre, half: the centre of the box and half its size, in body coordinates.
    """
    x, y = view.project(centre)
    turn = (abs(math.cos(view.yaw)), abs(math.sin(view.yaw)))
    w = view.stretch * view.scale * (half[0] * turn[0] + half[2] * turn[1])
    h = view.scale * half[1]
    draw.rounded_rectangle((x - w, y - h, x + w, y + h), 0.4 * w, shade(person.bag_color, 0.75))
    draw.rounded_rectangle((x - w, y - h, x + 0.7 * w, y + 0.6 * h), 0.4 * w, person.bag_color)


def draw_head(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
    """Draw neck, hair, face and hat."""
    facing = math.cos(view.yaw)
    hair = person.skin if person.hair_style == "bald" else person.hair

    def oval(centre: Point, wide: float, high: float, color: Color) -> None:
        x, y = view.project(centre)
        w, h = wide * view.stretch * view.scale, high * view.scale
        draw.ellipse((x - w, y - h, x + w, y + h), fill=color)

    limb(draw, view, [(0, 0.83, 0), (0, 0.88, 0)], 0.05, shade(person.skin, 0.85))
    oval((0, 0.928, 0), 0.056, 0.072, hair)
    if facing > -0.35:
        width = 0.024 + 0.022 * max(0.0, facing)
        oval((0, 0.912, 0.028), width, 0.054, person.skin)
    if person.hair_style == "hat":
        x, y = view.project((0, 0.945, 0))
        w, h = 0.062 * view.stretch * view.scale, 0.06 * view.scale
        draw.pieslice((x - w, y - h, x + w, y + h), 180, 360, fill=person.hat)
        limb(draw, view, [(0, 0.945, 0.03), (0, 0.94, 0.1)], 0.018, person.hat)
