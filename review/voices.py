"""Whose voice counts where variants agree, stand alone or contradict each other. Pure.

What an agent made is a voice. A variant that a person composed from others adds none where it has what
it took from them, only where it has something that nobody else has, or that was made in it since: then it
does not matter who has the same. All that counts variants asks here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from review.hunks import About, Hunk

Does = tuple[About, int, int, str]  # what a hunk does, wherever it stands in its variant
Said = TypeVar("Said")


def does(hunk: Hunk) -> Does:
    return hunk.about, hunk.start, hunk.end, hunk.added


@dataclass(frozen=True, slots=True)
class Composed:
    """Who is composed. `quiet` is by letter what they took in part: no other variant has just that,
    but there is nothing of their own in it. `since` is what they did not begin with."""

    letters: frozenset[str] = frozenset()
    quiet: Mapping[str, frozenset[Does]] = field(default_factory=dict)
    since: Mapping[str, frozenset[Does]] = field(default_factory=dict)

    def is_quiet(self, letter: str, hunk: Hunk) -> bool:
        return bool(self.quiet) and does(hunk) in self.quiet.get(letter, ())


NOBODY = Composed()


def voices_of(
    said: Mapping[str, Collection[Said]],
    composed: Collection[str],
    quiet: Mapping[str, Collection[Said]] | None = None,
    since: Mapping[str, Collection[Said]] | None = None,
) -> tuple[str, ...]:
    """The letters that count. What composed variants began with in common and nobody else has is one
    voice: one of them took it from the other."""
    if not composed:
        return tuple(sorted(said))
    agents = [letter for letter in said if letter not in composed]
    known = {one for letter in agents for one in said[letter]}
    makers = []
    for letter, ones in (since or {}).items():
        made = [one for one in said.get(letter, ()) if one in ones]
        known.update(made)
        makers += [letter] if made else []
    own: dict[frozenset[Said], str] = {}
    for letter in sorted(letter for letter in said if letter in composed):
        taken = known.union((quiet or {}).get(letter, ()))
        rest = frozenset(one for one in said[letter] if one not in taken)
        if rest and letter not in makers:
            own.setdefault(rest, letter)
    return tuple(sorted([*agents, *makers, *own.values()]))
