"""Names and letters in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

LETTERS_READ_MAX = 6


def words_join(names: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def letters_say(letters: Sequence[str], *, read_max: int = LETTERS_READ_MAX) -> str:
    """The same; how many variants they are where nobody would read the letters."""
    return words_join(letters) if len(letters) <= read_max else f"{len(letters)} variants"
