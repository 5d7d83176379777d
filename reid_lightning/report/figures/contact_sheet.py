"""A contact sheet of a set: some people, and pictures of each by every camera."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest

from PIL import Image, ImageDraw, ImageFont, ImageOps

from reid_lightning.data.pictures import decode
from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits

PEOPLE, PICTURES = 8, 10  # of each split, and of each person
WIDTH, HEIGHT, GAP, PAD, HEAD, FOOT, NAME = 80, 160, 8, 14, 28, 20, 96
PAPER, INK, DIM = "#ffffff", "#24292f", "#f0f1f3"


def contact_sheet(splits: Splits) -> Image.Image:
    """A row for each of some people of training and of test, evenly spread over the identities.

    Raises:
        ReIDError: a picture cannot be read.
    """
    samples_of = {"train": splits.train, "test": (*splits.query, *splits.gallery)}
    rows = [
        (f"{name}\n{pictures[0].person}", pictures)
        for name, samples in samples_of.items()
        for pictures in _some_people(samples)
    ]
    columns = max(len(pictures) for _, pictures in rows)
    width = 2 * PAD + NAME + columns * (WIDTH + GAP)
    canvas = Image.new("RGB", (width, 2 * PAD + len(rows) * (HEIGHT + FOOT + GAP)), PAPER)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    for index, (title, pictures) in enumerate(rows):
        y = PAD + index * (HEIGHT + FOOT + GAP)
        draw.multiline_text((PAD, y + HEIGHT / 3), title, INK, font, spacing=6)
        for column, sample in enumerate(pictures):
            x = PAD + NAME + column * (WIDTH + GAP)
            shown = ImageOps.pad(decode(sample.picture), (WIDTH, HEIGHT), color=DIM)
            canvas.paste(shown, (x, y))
            if splits.has_cameras:
                center = (x + WIDTH / 2, y + HEIGHT + FOOT / 2)
                draw.text(center, f"cam {sample.taken_by}", INK, font, anchor="mm")
    return canvas


def _some_people(samples: Sequence[Sample]) -> list[list[Sample]]:
    pictures = defaultdict[int, list[Sample]](list)
    for sample in people(samples):
        pictures[sample.pid].append(sample)
    pids = sorted(pictures)
    count = min(PEOPLE, len(pids))
    return [
        _by_turns(pictures[pid])[:PICTURES]
        for pid in (pids[len(pids) * i // count] for i in range(count))
    ]


def _by_turns(samples: Sequence[Sample]) -> list[Sample]:
    """Camera after camera, each with its next picture."""
    by_camera = defaultdict[int, list[Sample]](list)
    for sample in samples:
        by_camera[sample.camid].append(sample)
    turns = zip_longest(*(by_camera[camid] for camid in sorted(by_camera)))
    return [sample for sample in chain.from_iterable(turns) if sample is not None]
