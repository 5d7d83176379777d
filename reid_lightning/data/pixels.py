"""What PIL has opened as the RGB picture that a viewer shows: turned, of 8 bits, opaque."""

import numpy as np
from PIL import ExifTags, Image

_TURNS = {  # by EXIF's orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# PIL scales a PNG's pixels to 8 bits, and not the colour that is transparent.
_SCALES = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}  # by how the pixels are stored
_GREY = 128  # what shows through
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # tags of TIFF, and a value


def as_shown(picture: Image.Image) -> Image.Image:
    """The pixels as RGB.

    Args:
        picture: opened, and perhaps not loaded; an animation shows its first frame.

    Raises:
        ValueError: their values have no 8-bit equivalent.
        Exception: whatever PIL raises on a wrong file.
    """
    if picture.format == "PNG" and "transparency" in picture.info:
        _scale_transparent(picture)
    picture.load()
    shown = _rgb(picture)
    turn = _turn(picture)
    return shown if turn is None else shown.transpose(turn)


def _rgb(picture: Image.Image) -> Image.Image:
    # PIL opens 16-bit PNGs as I before its version 11; other files of this mode have 32 bits.
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG"):
        return Image.fromarray(_as_8_bits(picture)).convert("RGB")
    if picture.mode in ("I", "F"):
        kind = "signed or of more than 16 bits" if picture.mode == "I" else "floating-point numbers"
        raise ValueError(f"its pixels are {kind}: convert it to 8 or 16 bits")
    if picture.mode == "1" and "transparency" in picture.info:  # not known to PIL before 12
        grey = np.array(picture.convert("L"))
        grey[grey == (255 if picture.info["transparency"] else 0)] = _GREY
        return Image.fromarray(grey).convert("RGB")
    if picture.has_transparency_data:
        opaque = Image.new("RGBA", picture.size, (_GREY, _GREY, _GREY, 255))
        return Image.alpha_composite(opaque, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


def _as_8_bits(picture: Image.Image) -> np.ndarray:
    """Grey values of up to 16 bits, scaled by the largest that there can be: uint8 [h, w]."""
    tags = getattr(picture, "tag_v2", {})
    largest = 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1
    values = np.asarray(picture).astype(np.uint32)
    grey: np.ndarray = ((values * 255 + largest // 2) // largest).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    if (transparent := picture.info.get("transparency")) is not None:
        grey[values == transparent] = _GREY
    return grey


def _scale_transparent(picture: Image.Image) -> None:
    stored = [str(tile[3]) for tile in getattr(picture, "tile", ())]
    if stored and (scale := _SCALES.get(stored[0])):
        color = picture.info["transparency"]
        scaled = tuple(int(value * scale) for value in np.atleast_1d(color))
        picture.info["transparency"] = scaled if isinstance(color, tuple) else scaled[0]


def _turn(picture: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # PIL raises almost anything on a wrong block, and the pixels are sound
        return None
