"""What a picture file shows, against arrays made by hand: formats, depths, EXIF, transparency."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reid_lightning.data.decoder import Decoder
from reid_lightning.data.pictures import Box, Picture, decode, decode_resized
from reid_lightning.errors import ReIDError

MID_GREY = 128
COLORS = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)
DEEP = np.array([[0, 1, 128, 129, 255], [256, 257, 32767, 32768, 65535]], np.uint16)


def shown(path: Path, box: Box | None = None) -> np.ndarray:
    return np.asarray(decode(Picture(path, box)))


def save(path: Path, picture: Any, kind: str, **options: Any) -> Path:
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    picture.save(path, kind, **options)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def write_png(path: Path, width: int, bits: int, color: int, row: bytes, key: bytes = b"") -> Path:
    """A PNG of one row whose transparent colour is `key`."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, color, 0, 0, 0))
    transparent = chunk(b"tRNS", key) if key else b""
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    content = b"\x89PNG\r\n\x1a\n" + header + transparent + pixels + chunk(b"IEND", b"")
    path.write_bytes(content)
    return path


def write_tiff(path: Path, bits: int, photometric: int, width: int, row: bytes, kind: int) -> Path:
    """A TIFF of one row of one value a pixel; `kind` is 1 unsigned, 2 signed, 3 floating-point."""
    start = 4096
    tags = {256: width, 257: 1, 258: bits, 259: 1, 262: photometric, 273: start, 277: 1, 278: 1}
    tags |= {279: len(row), 339: kind}
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0)
    path.write_bytes(head.ljust(start, b"\0") + row)
    return path


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_colours_are_kept(kind: str, tmp_path: Path) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(shown(save(tmp_path / "x", COLORS, kind, **options)), COLORS)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_plain_jpeg_is_what_pil_decodes_bit_for_bit(mode: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 24, 3), dtype=np.uint8)
    path = save(tmp_path / "x.jpg", Image.fromarray(noise).convert(mode), "JPEG")
    expected = Image.open(path).convert("RGB")
    assert np.array_equal(shown(path), np.asarray(expected))
    resized = np.asarray(expected.resize((16, 32), Image.Resampling.BILINEAR))
    assert np.array_equal(decode_resized(Picture(path), 32, 16), resized)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_is_shown(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 6), color) for color in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    save(tmp_path / "x", frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert (shown(tmp_path / "x") == (255, 0, 0)).all()


@pytest.mark.parametrize("order", ["<u2", ">u2"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)
def test_16_bits_are_scaled_and_not_clipped(
    kind: str, options: dict[str, Any], order: str, tmp_path: Path
) -> None:
    """Clipped, all above 255 was white."""
    grey = shown(save(tmp_path / "x", DEEP.astype(order), kind, **options))
    exact = DEEP.astype(np.float64)[..., None] * 255 / 65535
    assert np.abs(grey - exact).max() <= 0.5
    assert grey[0, 0].max() == 0 and grey[1, 4].min() == 255


def test_a_16_bit_ramp_keeps_its_256_levels(tmp_path: Path) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    grey = shown(save(tmp_path / "x.png", ramp, "PNG"))
    assert len(np.unique(grey)) == 256 and (grey == 255).mean() < 0.01
    assert (np.diff(grey[..., 0].ravel().astype(int)) >= 0).all()


def test_16_bit_colours_are_scaled(tmp_path: Path) -> None:
    row = DEEP.ravel().repeat(3).astype(">u2").tobytes()
    rgb = shown(write_png(tmp_path / "x.png", DEEP.size, 16, 2, row))
    assert np.abs(rgb[0] - DEEP.reshape(-1, 1) * (255 / 65535)).max() < 1


@pytest.mark.parametrize(
    ("bits", "photometric", "row", "expected"),
    [
        (16, 0, DEEP[1].tobytes(), [254, 254, 128, 127, 0]),  # white is zero
        (12, 1, b"\xff\xf8\x00\x00", [255, 128]),
    ],
)
def test_tiffs_of_other_scales_are_read_in_theirs(
    bits: int, photometric: int, row: bytes, expected: list[int], tmp_path: Path
) -> None:
    path = write_tiff(tmp_path / "x.tif", bits, photometric, len(expected), row, kind=1)
    assert shown(path)[0, :, 0].tolist() == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("bits", "kind", "said"),
    [
        (32, 3, "are floating-point numbers: convert it to 8 or 16 bits"),
        (32, 2, "are signed or of more than 16 bits: convert it to 8 or 16 bits"),
        (16, 2, "are signed or of more than 16 bits: convert it to 8 or 16 bits"),
    ],
)
def test_values_without_a_scale_are_refused(
    bits: int, kind: int, said: str, tmp_path: Path
) -> None:
    path = write_tiff(tmp_path / "x.tif", bits, 1, 1, b"\1\0\0\0", kind)
    with pytest.raises(ReIDError, match=rf"{path} cannot be read .its pixels {said}"):
        decode(Picture(path))


# By EXIF's orientation: where the stored rows and columns are in what is shown.
TURNED = {
    1: COLORS,
    2: COLORS[:, ::-1],
    3: COLORS[::-1, ::-1],
    4: COLORS[::-1],
    5: COLORS.transpose(1, 0, 2),
    6: COLORS[::-1].transpose(1, 0, 2),
    7: COLORS[::-1, ::-1].transpose(1, 0, 2),
    8: COLORS[:, ::-1].transpose(1, 0, 2),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_turns_a_picture(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    path = save(tmp_path / "x", COLORS, kind, exif=exif, **options)
    assert np.array_equal(shown(path), TURNED[orientation])


def test_exif_turns_a_jpeg_and_16_bits_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    halves = np.zeros((16, 8), np.uint8)
    halves[:8] = 255
    turned = shown(save(tmp_path / "x.jpg", halves, "JPEG", exif=exif))
    assert turned.shape == (8, 16, 3) and turned[:, 8:].min() > 200 > 50 > turned[:, :8].max()
    deep = shown(save(tmp_path / "x.png", halves.astype(np.uint16) * 257, "PNG", exif=exif))
    assert (deep[:, 8:] == 255).all() and (deep[:, :8] == 0).all()


EXIFS = [
    b"Exif\0\0no block",
    b"Exif\0\0II*\0\xff\xff\xff\xff",
    b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01",
]


@pytest.mark.parametrize("exif", [*EXIFS, b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\xff\xff"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_block_turns_nothing(kind: str, exif: bytes, tmp_path: Path) -> None:
    plain = shown(save(tmp_path / "plain", COLORS, kind))
    assert np.array_equal(shown(save(tmp_path / "x", COLORS, kind, exif=exif)), plain)


def test_an_orientation_that_there_is_not_turns_nothing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    assert np.array_equal(shown(save(tmp_path / "x", COLORS, "PNG", exif=exif)), COLORS)


ALPHA = np.linspace(0, 255, 15).astype(np.uint8).reshape(5, 3, 1)


def on_grey(colors: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha / 255
    return colors * share + MID_GREY * (1 - share)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_shows_mid_grey(kind: str, tmp_path: Path) -> None:
    """What was below it was shown: black, or whatever the program left there."""
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    rgba = np.concatenate([COLORS, ALPHA], axis=2)
    read = shown(save(tmp_path / "x", rgba, kind, **options))
    assert np.abs(read - on_grey(COLORS, ALPHA)).max() <= 1
    assert (read[0, 0] == MID_GREY).all() and np.array_equal(read[-1, -1], COLORS[-1, -1])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_transparent_grey_shows_mid_grey(kind: str, tmp_path: Path) -> None:
    grey = COLORS[..., :1]
    path = save(tmp_path / "x", np.concatenate([grey, ALPHA], axis=2), kind)
    assert np.abs(shown(path) - on_grey(grey, ALPHA)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_shows_mid_grey(kind: str, tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    path = save(tmp_path / "x", picture, kind, transparency=1)
    assert shown(path)[0].tolist() == [[255, 0, 0], [MID_GREY] * 3, [0, 0, 255]]


def test_palette_entries_may_be_half_transparent(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0])
    path = save(tmp_path / "x.png", picture, "PNG", transparency=b"\xff\x80")
    assert np.abs(shown(path)[0] - np.array([[255, 0, 0], [64, 192, 64]])).max() <= 1


def row16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


@pytest.mark.parametrize(
    ("bits", "color", "row", "key", "expected"),
    [
        (8, 0, bytes([3, 4]), row16(3), [MID_GREY, 4]),
        (1, 0, b"\x40", row16(1), [0, MID_GREY]),
        (2, 0, b"\x60", row16(1), [MID_GREY, 170]),
        (4, 0, b"\x3f", row16(3), [MID_GREY, 255]),
        (16, 0, row16(256, 65535), row16(256), [MID_GREY, 255]),
        (8, 2, bytes([7] * 3 + [8] * 3), row16(7, 7, 7), [MID_GREY, 8]),
        (16, 2, row16(*[0] * 3, *[256] * 3), row16(256, 256, 256), [0, MID_GREY]),
    ],
)
def test_a_pngs_transparent_colour_shows_mid_grey(
    bits: int, color: int, row: bytes, key: bytes, expected: list[int], tmp_path: Path
) -> None:
    """At every depth: PIL compares pixels of 8 bits with a colour of the file's depth."""
    read = shown(write_png(tmp_path / "x.png", 2, bits, color, row, key))
    assert read[0].tolist() == [[value] * 3 for value in expected]


@pytest.fixture
def corners(tmp_path: Path) -> Path:
    return save(tmp_path / "corners.png", COLORS, "PNG")


@pytest.mark.parametrize(
    ("box", "part"),
    [
        ((1, 2, 3, 5), COLORS[2:5, 1:3]),
        ((0, 0, 1, 1), COLORS[:1, :1]),
        ((-7, -1, 2, 2), COLORS[:2, :2]),
        ((1, 3, 99, 99), COLORS[3:, 1:]),
    ],
)
def test_a_box_is_cut_out_and_clipped(box: Box, part: np.ndarray, corners: Path) -> None:
    assert np.array_equal(shown(corners, box), part)


@pytest.mark.parametrize(
    "box", [(3, 0, 9, 5), (0, 5, 3, 9), (-4, 0, 0, 5), (2, 2, 2, 4), (2, 4, 1, 1)]
)
def test_a_box_without_a_pixel_is_named(box: Box, corners: Path) -> None:
    with pytest.raises(ReIDError, match=r"corners\.png cannot be read .its box \(") as caught:
        decode(Picture(corners, box))
    assert f"its box {box} holds none of its 3 × 5 pixels" in str(caught.value)


def test_a_box_is_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "x.png", COLORS, "PNG", exif=exif)
    assert np.array_equal(shown(path, (3, 1, 5, 3)), TURNED[6][1:3, 3:5])


def test_a_decoder_names_all_its_pictures_that_cannot_be_read(corners: Path) -> None:
    broken = [corners.with_name(f"{n}.png") for n in range(3)]
    for path in broken[:2]:
        path.write_bytes(corners.read_bytes()[:70])
    pictures = [Picture(corners), *map(Picture, broken), Picture(corners, (9, 9, 10, 10))]
    with pytest.raises(ReIDError) as caught:
        Decoder(8, 4, pictures).read(pictures[:2])
    head, *lines = str(caught.value).splitlines()
    assert head.startswith("4 pictures cannot be read") and "data.on_unreadable=skip" in head
    assert [line.split(" (")[0] for line in lines] == [*map(str, broken), str(corners)]
    assert lines[2].endswith("(there is no such file)") and "its box" in lines[3]


@pytest.fixture(autouse=True)
def no_warnings_of_pil() -> Iterator[None]:
    """A warning a picture is a flood."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="PIL")
        warnings.filterwarnings("ignore", "Corrupt EXIF")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield
