"""A dressed, walking person drawn onto a picture, farther parts first."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import ImageDraw

from reid_lightning.data.synthetic.body import Point, View, limb
from reid_lightning.data.synthetic.body_parts import (
    SHOULDER,
    draw_bag,
    draw_head,
    draw_skirt,
    draw_torso,
)
from reid_lightning.data.synthetic.person import Person


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
    """Shoulder, elbow and hand of one arm, which swings opposite to the leg on its side."""
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


def draw_person(draw: ImageDraw.ImageDraw, person: Person, pose: Pose, view: View) -> None:
    """Draw `person` in `pose` onto the picture of `draw`, standing at the view's feet."""
    legs = {side: _leg(person, pose, side) for side in (-1, 1)}
    arms = {side: _arm(person, pose, side) for side in (-1, 1)}
    # A long stride lowers the hips; without this the walker would float.
    lift = min(leg[2][1] for leg in legs.values()) - 0.03
    view = replace(view, feet_y=view.feet_y + view.scale * lift)

    parts: list[tuple[float, Callable[[], None]]] = [
        (0.0, lambda: draw_torso(draw, view, person)),
        (0.002, lambda: draw_head(draw, view, person)),
    ]
    for side in (-1, 1):
        arm, leg = arms[side], legs[side]
        parts.append((view.depth(arm[1]), lambda arm=arm: _draw_arm(draw, view, person, arm)))  # type: ignore[misc]
        # Trousers go under the shirt's hem: both legs are drawn before the torso.
        parts.append((view.depth(leg[1]) - 1, lambda leg=leg: _draw_leg(draw, view, person, leg)))  # type: ignore[misc]
    if person.lower_style == "skirt":
        parts.append((-0.001, lambda: draw_skirt(draw, view, person)))
    if person.hair_style == "long":
        lock: list[Point] = [(0, 0.92, -0.03), (0, 0.80, -0.05)]
        parts.append((view.depth(lock[1]), lambda: limb(draw, view, lock, 0.095, person.hair)))
    if person.bag != "none":
        side_x = person.bag_side * (person.hips + 0.03)
        centre, half = {
            "backpack": ((0.0, 0.68, -person.girth - 0.03), (0.075, 0.105, 0.05)),
            "shoulder": ((side_x, person.legs - 0.02, -0.02), (0.03, 0.065, 0.085)),
            "hand": (arms[person.bag_side][2], (0.03, 0.06, 0.06)),
        }[person.bag]
        hang = (centre[0], centre[1] - (half[1] if person.bag == "hand" else 0.0), centre[2])
        parts.append((view.depth(centre), lambda: draw_bag(draw, view, person, hang, half)))
    for _, part in sorted(parts, key=lambda item: item[0]):
        part()
