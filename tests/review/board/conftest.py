"""The task of the compare tests: A and B answered (they contradict in app/area.py), C did nothing yet."""

from __future__ import annotations

from tests.review.compare.conftest import chromium, halves, origin, page, reader, world

__all__ = ["chromium", "halves", "origin", "page", "reader", "world"]
