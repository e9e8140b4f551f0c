"""Changed files as a tree of folders to print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from review.selectors.compare import by_folder, path_text
from review.selectors.compare_address import Address
from review.selectors.file_diffs import is_renamed

STATUS_WORDS = {
    "A": "added",
    "D": "deleted",
    "M": "changed",
    "R": "renamed",
    "C": "copied",
    "T": "kind changed",
}

LETTERS_MAX = 6


@dataclass(frozen=True, slots=True)
class TreeFile:
    name: str
    title: str
    href: str
    status: str
    only: str  # the letter of the variant that has it, where the other one has not
    status_word: str
    lines: str  # how much changed: +3 −1, or one number where neither side is the old one
    current: bool


@dataclass(frozen=True, slots=True)
class TreeFolder:
    name: str
    files: tuple[TreeFile, ...]


Peers = tuple[str, str] | None  # the letters of both sides, where neither is the old one


def status_word(change: FileChange, between: Peers) -> str:
    alone = _alone(change, between)
    return f"only in {alone}" if alone else STATUS_WORDS.get(change.status, "changed")


def _alone(change: FileChange, between: Peers) -> str:
    """Which of two variants alone has the file: nobody deleted or added it in the other."""
    return between["DA".index(change.status)] if between and change.status in ("D", "A") else ""


def tree_of_changes(
    files: Iterable[FileChange], address: Address, *, between: Peers
) -> tuple[TreeFolder, ...]:
    # The address of a file is the same for all of them but for the path: build the rest once.
    head, tail = address.url(path="\0").split("%00")
    rows = ((*path_split(change.path), change) for change in files)
    return tuple(
        TreeFolder(
            display_path(folder),
            tuple(
                _tree_file(name, change, address, head, tail, between) for _, name, change in group
            ),
        )
        for folder, group in groupby(rows, key=lambda row: row[0])
    )


def _tree_file(
    name: str, change: FileChange, address: Address, head: str, tail: str, between: Peers
) -> TreeFile:
    path = path_text(change.path)
    quoted = urlencode({"": path})[1:]
    title = display_path(change.path)
    if is_renamed(change):
        how = "copied from" if change.status == "C" else "was"
        title = f"{title}, {how} {display_path(change.old_path)}"
    return TreeFile(
        name=display_path(name),
        title=title,
        href=f"{head}{quoted}{tail}",
        status=change.status,
        only=_alone(change, between),
        status_word=status_word(change, between),
        lines=_lines_say(change, old_and_new=between is None),
        current=path == address.path,
    )


def _lines_say(change: FileChange, *, old_and_new: bool) -> str:
    added, removed = change.insertions or 0, change.deletions or 0
    if change.binary:
        return "binary"
    if not old_and_new:
        return f"{added + removed:,}" if added + removed else ""
    parts = (f"+{added:,}" if added else "", f"\u2212{removed:,}" if removed else "")
    return " ".join(part for part in parts if part)


def path_split(path: str) -> tuple[str, str]:
    folder, slash, name = path.rpartition("/")
    return folder + slash, name


def tree_of_variants(
    writers: Mapping[str, Sequence[str]], *, current: str, url: Callable[[str], str]
) -> tuple[TreeFolder, ...]:
    """Files by path with the letters of those who changed them."""
    rows = ((*path_split(path), path) for path in sorted(writers, key=by_folder))
    return tuple(
        TreeFolder(
            display_path(folder),
            tuple(
                TreeFile(
                    name=display_path(name),
                    title=display_path(path),
                    href=url(path),
                    status="",
                    only="",
                    status_word="",
                    lines=_letters_say(writers[path]),
                    current=path == current,
                )
                for _, name, path in group
            ),
        )
        for folder, group in groupby(rows, key=lambda row: row[0])
    )


def _letters_say(letters: Sequence[str]) -> str:
    """All of them; in a crowd neighbours as A\u2013D, so that there is room for the name beside them."""
    if len(letters) <= LETTERS_MAX:
        return "".join(letters)
    runs: list[list[str]] = []
    for letter in letters:
        if runs and ord(letter) == ord(runs[-1][-1]) + 1:
            runs[-1].append(letter)
        else:
            runs.append([letter])
    return "".join(f"{run[0]}\u2013{run[-1]}" if len(run) > 2 else "".join(run) for run in runs)
