"""A dressed, walking person drawn onto a picture, the parts that are farther away first."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import ImageDraw

from reid_lightning.data.synthetic.body import Point, Ring, View, limb, patch, ribbon, shade
from reid_lightning.data.synthetic.person import Person

SHOULDER = 0.80
HALF_TURN = math.pi


@dataclass(frozen=True)
class Pose:
    """One moment of a walk: `phase` in radians, `stride` 0 (standing) to 0.55, `elbow` bend."""

    phase: float
    stride: float
    elbow: float


def _leg(person: Person, pose: Pose, side: int) -> list[Point]:
    """Hip, knee, ankle and toe of one leg."""
    swing = side * pose.stride * math.sin(pose.phase)
    bend = 0.05 + 1.3 * pose.stride * max(0.0, side * math.cos(pose.phase))
    thigh, shin = 0.5 * person.legs, 0.44 * person.legs
    x, back = side * person.hips * 0.52, swing - bend
    knee = (x, person.legs - thigh * math.cos(swing), thigh * math.sin(swing))
    ankle = (x, knee[1] - shin * math.cos(back), knee[2] + shin * math.sin(back))
    return [(x, person.legs, 0.0), knee, ankle, (x * 1.2, ankle[1] - 0.02, ankle[2] + 0.055)]


def _arm(person: Person, pose: Pose, side: int) -> list[Point]:
    """Shoulder, elbow and hand of one arm, which swings against the leg of its side."""
    swing = -0.8 * side * pose.stride * math.sin(pose.phase)
    front = swing + pose.elbow
    x = side * person.shoulders * 0.9
    elbow = (x * 1.18, SHOULDER - 0.02 - 0.165 * math.cos(swing), 0.165 * math.sin(swing))
    hand = (x * 1.15, elbow[1] - 0.155 * math.cos(front), elbow[2] + 0.155 * math.sin(front))
    return [(x, SHOULDER - 0.02, 0.0), elbow, hand]


def _draw_leg(draw: ImageDraw.ImageDraw, view: View, person: Person, leg: list[Point]) -> None:
    hip, knee, ankle, toe = leg
    thick = 0.055 + 0.35 * person.girth
    bare_shin = person.lower_style in ("shorts", "skirt")
    limb(draw, view, [ankle, toe], 0.042, person.shoes)
    shin_color = person.skin if bare_shin else person.lower
    limb(draw, view, [knee, ankle], 0.5 * thick if bare_shin else 0.68 * thick, shin_color)
    if person.lower_style == "skirt":
        limb(draw, view, [hip, knee], 0.7 * thick, person.skin)
    else:
        limb(draw, view, [hip, knee], thick, person.lower)
    if person.lower_style == "striped":
        outside = math.copysign(0.03, hip[0])
        limb(draw, view, [(x + outside, y, z) for x, y, z in leg[:3]], 0.018, (235, 235, 230))


def _draw_arm(draw: ImageDraw.ImageDraw, view: View, person: Person, arm: list[Point]) -> None:
    shoulder, elbow, hand = arm
    thick = 0.034 + 0.3 * person.girth
    sleeve = person.upper_second if person.pattern == "block" else person.upper
    limb(draw, view, [elbow, hand], 0.75 * thick, sleeve if person.sleeves == 1 else person.skin)
    limb(draw, view, [shoulder, elbow], thick, sleeve if person.sleeves else person.skin)
    limb(draw, view, [hand, hand], 0.036, person.skin)


def _draw_torso(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
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
        # From the hip that carries the bag over the other shoulder, in front and behind.
        across = [(1.5 - 0.2 * k, 0.95 - 0.06 * k) for k in range(15)]
        for front in (1, -1):
            path = [(person.bag_side * (a if front > 0 else HALF_TURN - a), v) for a, v in across]
            ribbon(draw, view, rings, path, 0.022, person.bag_color)


def _draw_skirt(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
    wide, deep, knee = person.hips, person.girth, 0.5 * person.legs
    rings = [
        Ring(person.legs + 0.06, 0.95 * wide, deep),
        Ring(person.legs, 1.1 * wide, 1.15 * deep),
        Ring(knee, 1.45 * wide, 1.5 * deep),
    ]
    patch(draw, view, rings, (-HALF_TURN, HALF_TURN), (0, 1), person.lower)


def _draw_box(
    draw: ImageDraw.ImageDraw, view: View, person: Person, centre: Point, half: Point
) -> None:
    """A bag: an upright box with rounded corners, as wide as it looks from the view's side."""
    x, y = view.project(centre)
    turn = (abs(math.cos(view.yaw)), abs(math.sin(view.yaw)))
    w = view.stretch * view.scale * (half[0] * turn[0] + half[2] * turn[1])
    h = view.scale * half[1]
    draw.rounded_rectangle((x - w, y - h, x + w, y + h), 0.4 * w, shade(person.bag_color, 0.75))
    draw.rounded_rectangle((x - w, y - h, x + 0.7 * w, y + 0.6 * h), 0.4 * w, person.bag_color)


def _draw_head(draw: ImageDraw.ImageDraw, view: View, person: Person) -> None:
    facing = math.cos(view.yaw)
    hair = person.skin if person.hair_style == "bald" else person.hair

    def oval(centre: Point, wide: float, high: float, color: tuple[int, int, int]) -> None:
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


def draw_person(draw: ImageDraw.ImageDraw, person: Person, pose: Pose, view: View) -> None:
    """Draw `person` in `pose` onto the picture behind `draw`, standing at the view's feet."""
    legs = {side: _leg(person, pose, side) for side in (-1, 1)}
    arms = {side: _arm(person, pose, side) for side in (-1, 1)}
    # A long stride lowers the hips; without this the walker would float.
    lift = min(leg[2][1] for leg in legs.values()) - 0.03
    view = replace(view, feet_y=view.feet_y + view.scale * lift)

    parts: list[tuple[float, Callable[[], None]]] = [
        (0.0, lambda: _draw_torso(draw, view, person)),
        (0.002, lambda: _draw_head(draw, view, person)),
    ]
    for side in (-1, 1):
        arm, leg = arms[side], legs[side]
        parts.append((view.depth(arm[1]), lambda arm=arm: _draw_arm(draw, view, person, arm)))  # type: ignore[misc]
        # Trousers go under the shirt's hem, so that both legs come before the torso.
        parts.append((view.depth(leg[1]) - 1, lambda leg=leg: _draw_leg(draw, view, person, leg)))  # type: ignore[misc]
    if person.lower_style == "skirt":
        parts.append((-0.001, lambda: _draw_skirt(draw, view, person)))
    if person.hair_style == "long":
        lock: list[Point] = [(0, 0.92, -0.03), (0, 0.80, -0.05)]
        parts.append((view.depth(lock[1]), lambda: limb(draw, view, lock, 0.095, person.hair)))
    if person.bag != "none":
        place = person.bag_side * (person.hips + 0.03)
        centre, half = {
            "backpack": ((0.0, 0.68, -person.girth - 0.03), (0.075, 0.105, 0.05)),
            "shoulder": ((place, person.legs - 0.02, -0.02), (0.03, 0.065, 0.085)),
            "hand": (arms[person.bag_side][2], (0.03, 0.06, 0.06)),
        }[person.bag]
        hang = (centre[0], centre[1] - (half[1] if person.bag == "hand" else 0.0), centre[2])
        parts.append((view.depth(centre), lambda: _draw_box(draw, view, person, hang, half)))
    for _, part in sorted(parts, key=lambda item: item[0]):
        part()
