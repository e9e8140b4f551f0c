"""Numbers that come as text, in addresses and forms."""

from __future__ import annotations

ID_MAX = 2**63 - 1


def number_of(text: str, *, most: int = ID_MAX) -> int | None:
    """What plain digits say; None for everything else (`²` is a digit too) and for more than `most`."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(ID_MAX)):
        return None
    number = int(text)
    return number if number <= most else None
