"""Paths of files as addresses and JSON have them."""

from __future__ import annotations

from orchestrator.git.refs import display_path


def path_text(path: str) -> str:
    """A path as an address and JSON can carry it: itself, unless it has bytes that are no text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return display_path(path)
    return path
