"""What goes into a composition and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from review.hunks import About, Fact, FileHunks, Hunk
from review.voices import Does, does

BASE = "base"  # in place of a letter: what the base has there

Span = tuple[int, int]
NO_LINES: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree. `data` where its content is new; else it is in the repository as `blob`."""

    mode: str
    blob: str
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What is taken from one side: a Variant, or the base in place of what a ground brings.

    `place` is the base's name of the file (where it has none, the Variants'). Without a place it is
    all that the Variant changed: a *ground*, which gives way where other picks say something else.
    Without `keys`, `left`, `right` and `spans` it is the whole file. `left` are lines of the base to
    take out, `right` lines of the Variant to put in (both from 0); `spans` are ranges of the base.
    Of the base `keys` are the Variants' hunks about the name, the mode or the content, which it takes back.

    `against` is another Variant in place of the base: `left` are lines of its file, `between` the
    hunks between the two, and what is taken goes into what that Variant made of the place.
    """

    letter: str
    place: str | None = None
    keys: frozenset[str] = frozenset()
    left: frozenset[int] = NO_LINES
    right: frozenset[int] = NO_LINES
    spans: frozenset[Span] = frozenset()
    against: str = ""
    between: tuple[Hunk, ...] = ()

    @property
    def whole(self) -> bool:
        return not (self.keys or self.left or self.right or self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One hunk that was picked. `ground`: it came with all of its Variant and gives way."""

    letter: str
    hunk: Hunk
    lines: tuple[bytes, ...] = ()  # what it puts there
    ground: bool = False
    partly: bool = False  # some lines of a hunk
    guest: bool = False  # in the file of another Variant, so nothing but its lines counts

    @property
    def does(self) -> Does:
        return does(self.hunk)


@dataclass(frozen=True, slots=True)
class Place:
    """A file in the base (None where it has none), what each Variant made of it, and the picks of it."""

    name: str
    base: Entry | None
    files: Mapping[str, FileHunks]
    grounds: frozenset[str]
    picks: tuple[Pick, ...]

    @property
    def asked_whole(self) -> frozenset[str]:
        """Those of whom the whole file is picked."""
        return self.grounds | {pick.letter for pick in self.picks if pick.whole}

    @property
    def letters(self) -> frozenset[str]:
        """Those whose files are looked into."""
        picked = {name for pick in self.picks for name in (pick.letter, pick.against)}
        return frozenset(name for name in self.files if name in picked or name in self.grounds)

    def blob(self, letter: str) -> str:
        """The content that the Variant has there; where it changed nothing, the base's."""
        if letter in self.files:
            return self.files[letter].new_blob
        return self.base.blob if self.base else ""

    def deletes(self, change: Change) -> bool:
        file = self.files.get(change.letter)
        return file is not None and file.status == "D" and not change.partly


def is_fact(hunk: Hunk, fact: Fact) -> bool:
    return hunk.about is About.FACTS and hunk.start == fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where one hunk of the result is from. `keys` are by letter: those of the Variants' own hunks."""

    about: About
    start: int
    end: int
    keys: Mapping[str, str]
    partly: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(sorted(self.keys))


@dataclass(frozen=True, slots=True)
class Option:
    """What these would put there; None where it is not about lines."""

    letters: tuple[str, ...]
    lines: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A place where picks contradict each other. `message` says so in a sentence."""

    place: str
    options: tuple[Option, ...]
    message: str
    about: About = About.LINES
    start: int = 0
    end: int = 0
    against: str = ""  # whose lines start:end are; the base's where there is none

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(sorted({name for option in self.options for name in option.letters}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceResult:
    """One file as it was put together from what fits. `entry` is None where there is no such file."""

    place: str
    path: str
    entry: Entry | None
    whole: tuple[str, ...]  # it is exactly the file of these
    parts: tuple[Part, ...]
    asked_whole: frozenset[str] = frozenset()  # of whom it was picked as a whole
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """All files that the picks are about, put together from what fits; and what does not fit."""

    places: tuple[PlaceResult, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    writes: Mapping[str, Entry] = field(default_factory=dict)  # by path
    removes: frozenset[str] = frozenset()  # paths of the base
