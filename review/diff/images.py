"""What kind of image some bytes are, by the bytes alone, and how large."""

from __future__ import annotations

import struct

# What a browser may be given as an image. SVG is not among them: it is a document that can run scripts.
_HEADS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\0\0\1\0", "image/x-icon"),
)
_AVIF_BRANDS = (b"avif", b"avis")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

Size = tuple[int, int]


def image_type(data: bytes) -> str:
    """The content type; "" if it is none of those that are shown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS:
        return "image/avif"
    return next((kind for head, kind in _HEADS if data.startswith(head)), "")


def image_size(data: bytes) -> Size | None:
    """Width and height in pixels, where the head of the file says so plainly."""
    try:
        return _size(data, image_type(data))
    except struct.error:
        return None  # cut short


def _size(data: bytes, kind: str) -> Size | None:
    match kind:
        case "image/png":
            width, height = struct.unpack_from(">II", data, 16)
        case "image/gif":
            width, height = struct.unpack_from("<HH", data, 6)
        case "image/bmp":
            width, height = struct.unpack_from("<ii", data, 18)
        case "image/x-icon":
            width, height = struct.unpack_from("BB", data, 6)
            width, height = width or 256, height or 256
        case "image/jpeg":
            return _jpeg_size(data)
        case "image/webp":
            return _webp_size(data)
        case _:
            return None
    return abs(width), abs(height)


def _jpeg_size(data: bytes) -> Size | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # filling
            at += 1
            continue
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp_size(data: bytes) -> Size | None:
    match data[12:16]:
        case b"VP8X":
            wide = int.from_bytes(data[24:27], "little"), int.from_bytes(data[27:30], "little")
            return wide[0] + 1, wide[1] + 1
        case b"VP8L":
            bits = struct.unpack_from("<I", data, 21)[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
    return None
