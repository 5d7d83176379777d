"""What is named as a picture and is none, or a bomb, ends in a sentence that names the file."""

import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image

from reid_lightning.data.content_key import content_key
from reid_lightning.data.picture_files import list_pictures
from reid_lightning.data.pictures import FORMATS, Picture, decode
from reid_lightning.errors import ReIDError

NAME = "0001_c1s1_000001_00.jpg"
Make = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(path.parent, os.O_RDONLY)  # the path may be too long for a socket
        listening.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


IRREGULAR: dict[str, Make] = {
    "a named pipe": pipe,
    "a link to a pipe": link_to_pipe,
    "a socket": unix_socket,
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", IRREGULAR)
def test_what_is_no_file_is_never_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    IRREGULAR[kind](path)
    for read in (decode, lambda picture: content_key([picture], 8, 4)):
        with pytest.raises(ReIDError, match=f"The picture {path} cannot be read"):
            read(Picture(path))
    with pytest.raises(ReIDError, match=f"{path} is no picture"):
        list_pictures(tmp_path)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def test_postscript_is_not_handed_to_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ghostscript(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was started")

    (tmp_path / NAME).write_bytes(EPS)
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", ghostscript)
    with pytest.raises(ReIDError, match="cannot be read"):
        decode(Picture(tmp_path / NAME))
    assert not {"EPS", "PDF", "WMF", "PSD"} & set(FORMATS)


@pytest.mark.parametrize("kind", [*FORMATS, "MPO"])
def test_every_format_of_the_list_is_read_whatever_its_suffix(kind: str, tmp_path: Path) -> None:
    options = {"save_all": True, "append_images": [Image.new("RGB", (6, 9))]}
    picture = Image.new("RGB", (6, 9), "red")
    picture.save(tmp_path / NAME, kind, **(options if kind == "MPO" else {}))
    assert decode(Picture(tmp_path / NAME)).size == (6, 9)


def png(width: int, height: int, *chunks: bytes) -> bytes:
    def chunk(content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(content))
        return struct.pack(">I", len(content) - 4) + content + checksum

    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, (header, *chunks, b"IEND")))


def jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    header = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return header + scan + b"\xff\xd9"


TOO_LARGE = {
    "more pixels than PIL warns of": png(10_000, 9_000, b"IDAT"),
    "more pixels than PIL allows": png(20_000, 20_000, b"IDAT"),
    "a PNG of no end": png(2**31 - 1, 2**31 - 1, b"IDAT"),
    "a JPEG as large as there are": jpeg(65_535, 65_535),
    "a JPEG that PIL warns of": jpeg(10_000, 10_000),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
@pytest.mark.filterwarnings("ignore:Image size")
def test_a_picture_of_too_many_pixels_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(TOO_LARGE[kind])
    with pytest.raises(
        ReIDError, match=rf"{NAME} cannot be read .it claims to have more than 89,478,485 pixels"
    ):
        decode(Picture(tmp_path / NAME))


BROKEN = {
    "empty": b"",
    "text": b"no picture",
    "a PNG without pixels": png(64, 64),
    "a PNG with a text of no end": png(4, 4, b"zTXta\0\0" + zlib.compress(bytes(10**7))),
    "a JPEG without pixels": jpeg(64, 64),
    "half a JPEG header": jpeg(64, 64)[:12],
    "a BMP of negative size": b"BM" + struct.pack("<IIIIiiHHI", 9, 0, 54, 40, -5, -5, 1, 24, 0),
    "a TIFF with a lying directory": b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40,
    "a GIF without a frame": b"GIF89a\x05\0\x05\0\xf0\0\0",
    "a WebP without a frame": b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_picture_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BROKEN[kind])
    with pytest.raises(ReIDError, match=f"The picture .*{NAME} cannot be read"):
        decode(Picture(tmp_path / NAME))


def test_a_file_larger_than_any_picture_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(2**40)  # takes no space
    with pytest.raises(ReIDError, match=f"{NAME} cannot be read .it is larger than 1 GiB"):
        content_key([Picture(tmp_path / NAME)], 8, 4)
