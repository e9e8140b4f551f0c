"""What two sides of a Task differ in: the list of files, and the lines of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.git.diffs import FileChange, changes, copies, may_be_copied
from orchestrator.git.errors import GitError, GitTimeoutError, TooLargeError
from orchestrator.git.hub import blob_read
from orchestrator.git.refs import is_commit_id
from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task, Variant
from orchestrator.selectors.access import Viewer, task_get_for
from review.diff import FORMAT_VERSION, Chunk, ChunkKind, Line
from review.hunks import About
from review.lib.cache import cache_get, cache_has, cached
from review.lib.paths import path_text as path_text  # read from here by others
from review.selectors.file_diffs import WHITESPACE, file_read, is_renamed
from review.selectors.hunks import file_hunks_get
from review.selectors.sides import BASE, Side, side_get

API_CONTEXT = 3
CONTEXT_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    task: Task
    variants: tuple[Variant, ...]
    hub: Path
    left: Side
    right: Side
    files: tuple[FileChange, ...]

    @property
    def between_variants(self) -> bool:
        """Neither side is the old one: that is the base, or another state of the same variant."""
        within = bool(self.left.letter) and self.left.letter == self.right.letter
        return self.left.ref != BASE and not within

    @property
    def peers(self) -> tuple[str, str] | None:
        """The letters of both sides where neither is the old one."""
        return (self.left.letter, self.right.letter) if self.between_variants else None

    def file(self, path: str) -> FileChange | None:
        """The change of a file, by its name or (if that is no text) by the name that is shown."""
        for change in self.files:
            if change.path == path:
                return change
        return next((change for change in self.files if path_text(change.path) == path), None)


def comparison_get(*, user: Viewer, task_id: object, left: str, right: str) -> Comparison:
    """Compare two sides of a Task; an empty `right` means the first Variant that changed something."""
    task = task_get_for(user, task_id)
    variants = tuple(task.variants.select_related("agent").order_by("position"))
    hub = hub_dir(task.project_id)
    left_side = side_get(task=task, variants=variants, hub=hub, ref=left or BASE)
    right_side = side_get(task=task, variants=variants, hub=hub, ref=right or _first(variants))
    return Comparison(
        task=task,
        variants=variants,
        hub=hub,
        left=left_side,
        right=right_side,
        files=files_compared(hub=hub, left=left_side.commit, right=right_side.commit),
    )


def _first(variants: Sequence[Variant]) -> str:
    answers = [v for v in variants if v.head_commit] or variants
    best = min(answers, key=lambda v: (v.archived_at is not None, v.position), default=None)
    return best.letter if best else BASE


def files_changed(*, hub: Path, left: str, right: str) -> tuple[FileChange, ...]:
    if left == right:
        return ()
    key = f"changes:{FORMAT_VERSION}:{left}:{right}"
    return cached(
        key,
        lambda: tuple(
            sorted(changes(hub=hub, left=left, right=right), key=lambda c: by_folder(c.path))
        ),
    )


def files_compared(*, hub: Path, left: str, right: str) -> tuple[FileChange, ...]:
    """The same for a reader: a new file that is much like one of the left side is told as a copy of it.

    To everything that reckons with changes (consensus, composing, marks) it stays a new file, and its lines
    are counted as those of one: what a variant changed is the same number wherever it is told.
    """
    files = files_changed(hub=hub, left=left, right=right)
    if not any(map(may_be_copied, files)):
        return files
    found = _copies(files, hub=hub, left=left, right=right)
    return tuple(
        copy._replace(insertions=change.insertions, deletions=change.deletions)
        if (copy := found.get(change.path))
        else change
        for change in files
    )


def copies_read(*, hub: Path, left: str, right: str) -> None:
    """Look for copies, if nobody has yet: that may take git longer than the changes themselves."""
    if not cache_has(_copies_key(left, right)):
        _copies(files_changed(hub=hub, left=left, right=right), hub=hub, left=left, right=right)


def copies_known(*, left: str, right: str) -> dict[str, FileChange]:
    """By path what was copied, as changes of its source; empty as long as nobody has looked."""
    return cache_get(_copies_key(left, right)) or {}


def _copies(
    files: Sequence[FileChange], *, hub: Path, left: str, right: str
) -> dict[str, FileChange]:
    def look() -> dict[str, FileChange]:
        if not any(map(may_be_copied, files)):
            return {}
        try:
            return copies(files, hub=hub, left=left, right=right)
        except GitTimeoutError:
            return {}  # kept like any other answer: no page is to wait for it again

    return cached(_copies_key(left, right), look)


def _copies_key(left: str, right: str) -> str:
    return f"copies:{FORMAT_VERSION}:{left}:{right}"


def lines_changed(files: Sequence[FileChange]) -> tuple[int, int]:
    """How many lines came and went in all of them, as `git diff --numstat` counts."""
    return (
        sum(change.insertions or 0 for change in files),
        sum(change.deletions or 0 for change in files),
    )


def paths_since(*, hub: Path, seen: str, head: str) -> set[str]:
    """What differs between the commit that a page shows and the newest, as addresses name it.

    Nothing if `seen` is no commit of the project: then a page shows nothing yet.
    """
    if not is_commit_id(seen) or seen == head:
        return set()
    try:
        return {path_text(c.path) for c in files_changed(hub=hub, left=seen, right=head)}
    except (NotFound, GitError):
        return set()


def by_folder(path: str) -> tuple[bool, str, str]:
    """Folders whole and in order, files of the top level last: the order of the tree."""
    folder, _, name = path.rpartition("/")
    return not folder, folder, name


def compare_summary(*, user: Viewer, task_id: object, left: str, right: str) -> dict[str, Any]:
    """What `GET tasks/{id}/compare` answers."""
    comparison = comparison_get(user=user, task_id=task_id, left=left, right=right)
    insertions, deletions = lines_changed(comparison.files)
    return {
        "left": _side_dict(comparison.left),
        "right": _side_dict(comparison.right),
        "files_changed": len(comparison.files),
        "insertions": insertions,
        "deletions": deletions,
        "files": [
            {
                "path": path_text(change.path),
                "old_path": path_text(change.old_path) if is_renamed(change) else None,
                "status": change.status,
                "insertions": change.insertions,
                "deletions": change.deletions,
                "binary": change.binary,
                "old_mode": change.old_mode or None,
                "new_mode": change.new_mode or None,
            }
            for change in comparison.files
        ],
    }


def _side_dict(side: Side) -> dict[str, Any]:
    return {
        "ref": side.ref,
        "commit": side.commit,
        "letter": side.letter or None,
        "at": side.at or None,
    }


def diff_chunks(
    *,
    user: Viewer,
    task_id: object,
    left: str,
    right: str,
    path: str,
    context: int | None = None,
    whitespace: str = "none",
) -> dict[str, Any]:
    """What `GET tasks/{id}/diff` answers: all changed lines, and `context` equal ones around them."""
    context = API_CONTEXT if context is None else context
    if not 0 <= context <= CONTEXT_MAX:
        raise Invalid("context.invalid", f"context is a number from 0 to {CONTEXT_MAX}.")
    if whitespace not in WHITESPACE:
        raise Invalid("whitespace.invalid", f"whitespace is one of {', '.join(WHITESPACE)}.")
    comparison = comparison_get(user=user, task_id=task_id, left=left, right=right)
    change = comparison.file(path)
    if change is None:
        if not file_exists(comparison, path):
            raise NotFound("file.not-found", f"No file {path[:200]!r} on either side.")
        return {"path": path, "kind": "same", "notes": ["The content is the same."], "chunks": []}
    diff = file_read(
        hub=comparison.hub,
        change=change,
        whitespace=whitespace,
    )
    keys = _keys(comparison, change) if whitespace == "none" else []
    if len(keys) != diff.changes:
        keys = []  # other rules of white space, or no text to git: the changes are others
    return {
        "path": path_text(change.path),
        "old_path": path_text(change.old_path) if is_renamed(change) else None,
        "status": change.status,
        "kind": str(diff.kind),
        "language": diff.language,
        "notes": list(diff.notes),
        "insertions": diff.insertions,
        "deletions": diff.deletions,
        "chunks": [entry for chunk in _trimmed(diff.chunks, context, keys) for entry in chunk],
    }


def _keys(comparison: Comparison, change: FileChange) -> list[str]:
    """What names the changes of a file, in their order; none of a copy: those are of a new file."""
    if change.status == "C":
        return []
    file = file_hunks_get(
        hub=comparison.hub,
        left=comparison.left.commit,
        right=comparison.right.commit,
        path=change.path,
    )
    return [hunk.key for hunk in file.hunks if hunk.about is About.LINES] if file else []


def file_exists(comparison: Comparison, path: str) -> bool:
    """Whether a file that is not among the changed ones is there, the same on both sides."""
    if not path or "\0" in path:
        return False
    try:
        commit = comparison.right.commit
        return blob_read(hub=comparison.hub, commit=commit, path=path, limit_bytes=0) is not None
    except TooLargeError:
        return True


def _trimmed(
    chunks: Sequence[Chunk], context: int, keys: Sequence[str]
) -> list[list[dict[str, Any]]]:
    """Changed chunks have `change`, their number from 1, and `key`, which names what they do."""
    last = len(chunks) - 1
    told = []
    named = iter(enumerate(keys, 1))
    for index, chunk in enumerate(chunks):
        if chunk.kind is ChunkKind.EQUAL:
            told.append(_equal_dicts(chunk, context, first=index == 0, last=index == last))
            continue
        number, key = next(named, (None, None))
        entry = _chunk_dict(chunk.kind, chunk.left, chunk.right)
        told.append([entry | ({"change": number, "key": key} if number else {})])
    return told


def _equal_dicts(chunk: Chunk, context: int, *, first: bool, last: bool) -> list[dict[str, Any]]:
    """The equal lines next to a change; two pieces where lines between them are left out."""
    total = len(chunk.left)
    head = 0 if first else min(context, total)
    tail = 0 if last else min(context, total)
    spans = [(0, total)] if head + tail >= total else [(0, head), (total - tail, total)]
    return [
        _chunk_dict(chunk.kind, chunk.left[start:end], chunk.right[start:end])
        for start, end in spans
        if end > start
    ]


def _chunk_dict(kind: ChunkKind, left: Sequence[Line], right: Sequence[Line]) -> dict[str, Any]:
    return {"kind": str(kind), "left": [*map(_line, left)], "right": [*map(_line, right)]}


def _line(line: Line) -> dict[str, Any]:
    entry: dict[str, Any] = {"n": line.n, "text": line.text}
    if line.changed:
        entry["changed"] = line.changed
    if not line.newline:
        entry["newline"] = False
    if line.moved:
        entry["moved"] = {
            "block": line.moved.block,
            "line": line.moved.line,
            "count": line.moved.count,
        }
    if line.reindented:
        entry["reindented"] = True
    return entry
