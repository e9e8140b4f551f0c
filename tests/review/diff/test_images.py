"""What an image is, by its bytes alone."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.diff.images import image_size, image_type

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 12, 34)
BMP = b"BM" + bytes(16) + struct.pack("<ii", 7, -9)
ICO = b"\0\0\1\0\1\0" + bytes([32, 0])
JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 300, 400) + bytes(10)
)  # fmt: skip
VP8X = (
    b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (999).to_bytes(3, "little") + (499).to_bytes(3, "little")
)
VP8L = b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 99 | 49 << 14)
VP8 = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 20, 10)
AVIF = b"\0\0\0\x20ftypavif"

# A busy machine is no fault of what is tested.
SOME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (PNG, "image/png", (640, 480)),
        (GIF, "image/gif", (12, 34)),
        (BMP, "image/bmp", (7, 9)),
        (ICO, "image/x-icon", (32, 256)),
        (JPEG, "image/jpeg", (400, 300)),
        (VP8X, "image/webp", (1000, 500)),
        (VP8L, "image/webp", (100, 50)),
        (VP8, "image/webp", (20, 10)),
        (AVIF, "image/avif", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "", None),
        (b"<html>", "", None),
        (b"", "", None),
    ],
)
def test_kinds_and_sizes(data: bytes, kind: str, size: tuple[int, int] | None) -> None:
    assert image_type(data) == kind
    assert image_size(data) == size


@SOME
@given(st.sampled_from([PNG, GIF, BMP, ICO, JPEG, VP8X, VP8L, VP8, AVIF]), st.data())
def test_a_file_that_is_cut_short_or_garbled_never_fails(data: bytes, more: st.DataObject) -> None:
    cut = data[: more.draw(st.integers(0, len(data)))] + more.draw(st.binary(max_size=30))
    size = image_size(cut)
    assert size is None or (size[0] >= 0 and size[1] >= 0)
