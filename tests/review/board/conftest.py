"""The task of the compare tests: A and B answered (they contradict in app/area.py), C did nothing yet."""

from __future__ import annotations

from tests.review.compare.conftest import chromium, origin, page, reader, world

__all__ = ["chromium", "origin", "page", "reader", "world"]
