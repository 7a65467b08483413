"""The size of a picture, read from its first bytes. A page that knows it keeps the room free, and nothing moves when the picture comes."""

from __future__ import annotations

import re
from typing import Final

KINDS: Final = {"svg": "image/svg+xml", "png": "image/png", "webp": "image/webp"}
"""The kinds of pictures, by the ends of their names, with their content types."""

_SVG: Final = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_VIEW_BOX: Final = re.compile(
    r"""\sviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)"""
)
_LENGTH: Final = r"""\s{}\s*=\s*["']\s*([\d.]+)(?:px)?\s*["']"""


class InvalidPicture(Exception):
    """The bytes are no picture of their kind, or do not tell its size. The message says what would be right."""


def picture_size(data: bytes, kind: str) -> tuple[int, int]:
    """Width and height of a picture of one of KINDS, in pixels, both at least 1. O(1) for PNG and WebP.

    Raises:
        InvalidPicture: see there.
    """
    size = {"svg": _svg_size, "png": _png_size, "webp": _webp_size}[kind](data)
    if size is None:
        raise InvalidPicture(f"is no {kind.upper()} picture; save it as {kind.upper()}")
    width, height = size
    if width < 1 or height < 1:
        raise InvalidPicture("tells no size; an SVG needs a viewBox such as 0 0 120 32")
    return width, height


def _png_size(data: bytes) -> tuple[int, int] | None:
    """The size in the header IHDR (PNG, section 11.2.1)."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """The size in the first chunk (RFC 9649, sections 2.5 to 2.7)."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (26, 28))
        return width & 0x3FFF, height & 0x3FFF
    return None


def _svg_size(data: bytes) -> tuple[int, int] | None:
    """The size that the root element declares, else that of its viewBox; 0 if it has neither."""
    root = _SVG.search(data.decode("utf-8", errors="replace"))
    if root is None:
        return None
    lengths = [re.search(_LENGTH.format(name), root[0]) for name in ("width", "height")]
    box = _VIEW_BOX.search(root[0])
    try:
        if lengths[0] and lengths[1]:
            return round(float(lengths[0][1])), round(float(lengths[1][1]))
        return (round(float(box[1])), round(float(box[2]))) if box else (0, 0)
    except (ValueError, OverflowError):
        return 0, 0
