"""Pictures tell their size in their first bytes; what is none, or cut off, tells nothing."""

from __future__ import annotations

import struct

import pytest

from studio_ext.core.image_size import image_size

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"J" * 14
    + b"\xff\xdb" + struct.pack(">H", 67) + b"q" * 65
    + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 480, 640)
)  # fmt: skip
PICTURES = {
    "png": PNG,
    "gif": b"GIF89a" + struct.pack("<HH", 640, 480),
    "bmp": b"BM" + b"\0" * 16 + struct.pack("<ii", 640, -480),
    "jpeg": JPEG,
    "webp, lossy": b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 640, 480),
    "webp, lossless": b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 4 + b"\x2f" + struct.pack("<I", 639 | 479 << 14),
    "webp, extended": b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_the_size_is_read(kind: str) -> None:
    assert image_size(PICTURES[kind]) == (640, 480)


@pytest.mark.parametrize("kind", PICTURES)
def test_what_is_cut_off_tells_nothing(kind: str) -> None:
    for length in range(16):
        assert image_size(PICTURES[kind][:length]) is None or kind == "gif"


@pytest.mark.parametrize(
    "head", [b"", b"text", b"\xff\xd8", b"\xff\xd8" + b"\xff\xe0\0\0" * 9, b"RIFF\0\0\0\0WEBPVP8?"]
)
def test_what_is_no_picture_tells_nothing(head: bytes) -> None:
    assert image_size(head) is None
