"""Trees as plain dictionaries, made into commits of a real repository, and read back through the product's own git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import changes, hunks_patch
from review.composing.compose import compose, contents_needed, places_of
from review.composing.types import Composition, Entry, Pick
from review.hunks import FileHunks, file_hunks, patch_sections

Tree = Mapping[str, tuple[str, bytes]]  # mode and content by path


@dataclass(frozen=True, slots=True)
class Trees:
    """A bare repository; each commit made in it has no parent."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> Trees:
        subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
        return cls(path)

    def git(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        return subprocess.run(
            ["git", *args],
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, "GIT_DIR": str(self.path), **(env or {})},
        ).stdout

    def commits(self, *trees: Tree) -> list[str]:
        """One commit each."""
        stream: list[bytes] = []
        marks: dict[bytes, int] = {}
        for tree in trees:
            for _, data in tree.values():
                if data not in marks:
                    marks[data] = len(marks) + 1
                    stream.append(b"blob\nmark :%d\ndata %d\n" % (marks[data], len(data)))
                    stream += [data, b"\n"]
        first = len(marks) + 1
        for number, tree in enumerate(trees):
            stream.append(b"commit refs/heads/t%d\nmark :%d\n" % (number, first + number))
            stream.append(b"committer T <t@t> 1700000000 +0000\ndata 0\ndeleteall\n")
            for path, (mode, data) in tree.items():
                quoted = _quoted(path)
                stream.append(b"M %s :%d %s\n" % (mode.encode(), marks[data], quoted))
            stream.append(b"get-mark :%d\n" % (first + number))
        out = self.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))
        return out.decode().split()

    def tree(self, commit: str) -> dict[str, Entry]:
        listed = self.git("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
        entries = {}
        for record in listed:
            facts, _, name = record.partition(b"\t")
            mode, _, blob = facts.decode().split(" ")
            entries[os.fsdecode(name)] = Entry(mode, blob)
        return entries

    def hunks(self, left: str, right: str) -> dict[str, FileHunks]:
        """By the base's name of the file."""
        feed = iter(patch_sections(hunks_patch(hub=self.path, left=left, right=right)))
        found = {}
        for change in changes(hub=self.path, left=left, right=right):
            section = next(feed)
            if change.status == "T":
                next(feed)
            file = file_hunks(
                path=change.path,
                old_path=change.old_path,
                status=change.status,
                modes=(change.old_mode, change.new_mode),
                blobs=(change.old_blob, change.new_blob),
                binary=change.binary,
                section=section,
            )
            found[file.place] = file
        return found

    def compose(self, base: str, heads: Mapping[str, str], picks: list[Pick]) -> Composition:
        files = {letter: self.hunks(base, head) for letter, head in heads.items()}
        return self.composed(base, files, picks)

    def composed(
        self, base: str, files: Mapping[str, Mapping[str, FileHunks]], picks: list[Pick]
    ) -> Composition:
        entries = self.tree(base)
        places = places_of(base=entries, files=files, picks=picks)
        needed = sorted(contents_needed(places))
        found = blobs_read(hub=self.path, blobs=needed, limit_bytes=10**9)
        contents = {blob: content.data or b"" for blob, content in found.items()}
        return compose(places, base=entries, contents=contents)

    def result(self, base: str, made: Composition) -> dict[str, tuple[str, bytes]]:
        """The composed tree, with contents."""
        entries = {p: e for p, e in self.tree(base).items() if p not in made.removes}
        return self.contents({**entries, **made.writes})

    def contents(self, entries: Mapping[str, Entry]) -> dict[str, tuple[str, bytes]]:
        blobs = [entry.blob for entry in entries.values() if entry.data is None]
        found = blobs_read(hub=self.path, blobs=blobs, limit_bytes=10**9)
        return {
            path: (
                entry.mode,
                (found[entry.blob].data or b"") if entry.data is None else entry.data,
            )
            for path, entry in entries.items()
        }


def _quoted(path: str) -> bytes:
    raw = os.fsencode(path)
    return b'"' + b"".join(b"\\%03o" % byte for byte in raw) + b'"'
