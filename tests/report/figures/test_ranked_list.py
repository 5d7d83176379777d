from pathlib import Path

import pytest
from PIL import Image, ImageColor

from reid_lightning.data.pictures import Picture
from reid_lightning.errors import ReIDError
from reid_lightning.report.figures.ranked_list import (
    BADGE,
    COLORS,
    FRAME,
    GAP,
    HEAD,
    HEIGHT,
    INK,
    PAD,
    WIDTH,
    render_ranked_list,
)
from reid_lightning.results.ranked_list import RankedList, Shown, Verdict

BLUE = (20, 40, 200)


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "0001_c1s1_000001_00.png"
    Image.new("RGB", (64, 128), BLUE).save(path)
    return Picture(path)


def test_frames_distinguish_hits_misses_and_junk(picture: Picture) -> None:
    verdicts: list[Verdict] = ["hit", "miss", "junk"]
    image = render_ranked_list(
        RankedList(picture, [Shown(picture, v, "1") for v in verdicts], "A title")
    )
    assert image.getpixel((PAD + 1, HEAD + 1)) == ImageColor.getrgb(INK)
    assert image.getpixel((PAD + WIDTH // 2, HEAD + HEIGHT // 2)) == BLUE
    for column, verdict in enumerate(verdicts, start=1):
        x, color = PAD + column * (WIDTH + GAP) + 2 * GAP, ImageColor.getrgb(COLORS[verdict])
        assert image.getpixel((x, HEAD)) == color
        assert image.getpixel((x + FRAME - 1, HEAD + HEIGHT // 2)) == color
        red, green, blue = image.getpixel((x + WIDTH // 2, HEAD + HEIGHT // 2))  # type: ignore[misc]
        assert (red == green == blue) is (verdict == "junk")
        corner = (x + WIDTH - BADGE, HEAD + HEIGHT - BADGE, x + WIDTH, HEAD + HEIGHT)
        colors = {c for _, c in image.crop(corner).getcolors(BADGE**2) or []}
        assert ((255, 255, 255) in colors) is (verdict != "junk"), "a white mark in a corner"


def test_the_width_of_a_list_grows_with_its_length(picture: Picture) -> None:
    shown = Shown(picture, "hit", "")
    sizes = [render_ranked_list(RankedList(picture, [shown] * n)).size for n in (0, 1, 12)]
    assert [w - sizes[0][0] for w, _ in sizes] == [0, WIDTH + GAP, 12 * (WIDTH + GAP)]
    assert len({height for _, height in sizes}) == 1


def test_proportions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (128, 64), BLUE).save(path)
    image = render_ranked_list(RankedList(Picture(path), []))
    x = PAD + WIDTH // 2
    column = [image.getpixel((x, HEAD + y)) == BLUE for y in range(HEIGHT)]
    assert sum(column) == pytest.approx((WIDTH - 2 * FRAME) / 2, abs=2)


def test_a_crop_is_shown_and_not_its_whole_file(tmp_path: Path) -> None:
    whole = Image.new("RGB", (64, 128), "white")
    whole.paste(BLUE, (10, 20, 20, 40))
    whole.save(tmp_path / "whole.png")
    image = render_ranked_list(RankedList(Picture(tmp_path / "whole.png", (10, 20, 20, 40)), []))
    inside = (PAD + FRAME + 1, HEAD + FRAME + 4, PAD + WIDTH - FRAME - 1, HEAD + HEIGHT - FRAME - 4)
    assert image.crop(inside).getcolors() == [
        ((inside[2] - inside[0]) * (inside[3] - inside[1]), BLUE)
    ]


def test_a_broken_picture_is_reported(picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ReIDError, match=r"broken\.jpg cannot be read"):
        render_ranked_list(
            RankedList(picture, [Shown(Picture(tmp_path / "broken.jpg"), "hit", "1")])
        )
