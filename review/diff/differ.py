"""One changed file to a FileDiff: the stages in their order."""

from __future__ import annotations

from review.diff.chunks import chunks_build
from review.diff.guards import deferred_because, is_image, notes_about, size_say
from review.diff.highlight import language_of
from review.diff.patch import Opcode, lines_opcodes, opcodes_check, patch_opcodes
from review.diff.sections import sections_mark
from review.diff.text import text_read
from review.diff.types import (
    Chunk,
    ChunkKind,
    DiffOptions,
    FileDiff,
    FileInput,
    Kind,
    Text,
)

SYMLINK_MODE, SUBMODULE_MODE = "120000", "160000"
NO_TEXT = Text(lines=())
PATCH_HEAD_BYTES = 20_000


def file_diff(file: FileInput, options: DiffOptions | None = None) -> FileDiff:
    options = options or DiffOptions()
    modes = {file.old_mode, file.new_mode}
    if SUBMODULE_MODE in modes:
        return _plain(file, Kind.SUBMODULE, _say_submodule(file, options))
    if _too_large(file, options):
        return _plain(file, Kind.TOO_LARGE, _say_sizes(file, "Too large to compare here", options))
    left = text_read(file.left) if file.left is not None else None
    right = text_read(file.right) if file.right is not None else None
    right = sections_mark(file.path, right) if right is not None else None
    if (left is None and file.left is not None) or (right is None and file.right is not None):
        if file.left == file.right:
            return _plain(file, Kind.SAME, "The content is the same.")
        kind = Kind.IMAGE if is_image(file.path) else Kind.BINARY
        return _plain(
            file, kind, _say_sizes(file, "Image" if kind is Kind.IMAGE else "Binary file", options)
        )
    return _text_diff(file, left, right, options)


def _text_diff(
    file: FileInput, left: Text | None, right: Text | None, options: DiffOptions
) -> FileDiff:
    chunks = _chunks(file, left, right)
    if chunks is None:
        return _plain(file, Kind.TOO_LARGE, _say_sizes(file, "Too large to compare here", options))
    insertions = sum(len(c.right) for c in chunks if c.kind is not ChunkKind.EQUAL)
    deletions = sum(len(c.left) for c in chunks if c.kind is not ChunkKind.EQUAL)
    notes = notes_about(file, left, right)
    deferred = deferred_because(
        file,
        left,
        right,
        changed=insertions + deletions,
        limit=options.defer_changed,
        line_chars=options.defer_line_chars,
        old_and_new=options.old_and_new,
    )
    kind = Kind.TEXT
    if file.old_mode == SYMLINK_MODE or file.new_mode == SYMLINK_MODE:
        kind, deferred = Kind.SYMLINK, ""
        notes = (*notes, _say_symlink(file, left, right, options))
    elif not insertions and not deletions:
        kind, deferred = (Kind.SAME if file.left or file.right else Kind.EMPTY), ""
        notes = (*notes, _say_unchanged(file, options))
    return FileDiff(
        path=file.path,
        old_path=file.old_path,
        status=file.status,
        kind=kind,
        notes=notes,
        deferred=deferred,
        language=language_of(file.path) if kind is Kind.TEXT else "",
        left=left,
        right=right,
        chunks=chunks,
        insertions=insertions,
        deletions=deletions,
        changes=sum(1 for c in chunks if c.kind is not ChunkKind.EQUAL),
    )


def _chunks(file: FileInput, left: Text | None, right: Text | None) -> tuple[Chunk, ...] | None:
    a, b = left or NO_TEXT, right or NO_TEXT
    opcodes: tuple[Opcode, ...] | None
    if left is None or right is None or file.status.startswith("T"):
        whole = Opcode(0, len(a.lines), 0, len(b.lines))
        opcodes = (whole,) if a.lines or b.lines else ()
    elif file.left == file.right:
        opcodes = ()
    elif _no_lines_for_git(file, a, b):
        opcodes = lines_opcodes(a.lines, b.lines)
        if opcodes is None:
            return None
    else:
        opcodes = patch_opcodes(file.patch)
    opcodes_check(opcodes, len(a.lines), len(b.lines))
    return chunks_build(a, b, opcodes)


def _no_lines_for_git(file: FileInput, left: Text, right: Text) -> bool:
    """UTF-16 is binary to git, and splitting it at byte 10 would cut characters."""
    wide = {"UTF-16", "UTF-32"} & {left.encoding, right.encoding}
    return bool(wide) or b"\nBinary files " in b"\n" + file.patch[:PATCH_HEAD_BYTES]


def _plain(file: FileInput, kind: Kind, sentence: str) -> FileDiff:
    return FileDiff(
        path=file.path,
        old_path=file.old_path,
        status=file.status,
        kind=kind,
        notes=(*notes_about(file, None, None), sentence),
    )


def _size(data: bytes | None, size: int | None) -> int | None:
    return len(data) if data is not None else size


def _too_large(file: FileInput, options: DiffOptions) -> bool:
    sizes = (_size(file.left, file.left_size), _size(file.right, file.right_size))
    unread = (file.left is None and file.left_size is not None) or (
        file.right is None and file.right_size is not None
    )
    return unread or any(size is not None and size > options.limit_bytes for size in sizes)


def _say_sizes(file: FileInput, what: str, options: DiffOptions) -> str:
    old, new = _size(file.left, file.left_size), _size(file.right, file.right_size)
    if not options.old_and_new:
        sizes = [size_say(size) for size in (old, new) if size is not None]
        return f"{what}: {' and '.join(sizes)}." if sizes else f"{what}."
    if old is None and new is not None:
        return f"{what}, new: {size_say(new)}."
    if new is None and old is not None:
        return f"{what}, deleted: it was {size_say(old)}."
    if old is None or new is None:
        return f"{what}."
    if old == new:
        return f"{what}, changed: {size_say(new)} as before."
    return f"{what}, changed: was {size_say(old)}, is now {size_say(new)}."


def _say_submodule(file: FileInput, options: DiffOptions) -> str:
    old, new = file.old_blob[:12], file.new_blob[:12]
    if not options.old_and_new:
        modes = ((old, file.old_mode), (new, file.new_mode))
        return f"Submodule: at commit {' and '.join(n for n, mode in modes if mode == SUBMODULE_MODE)}."
    if file.old_mode != SUBMODULE_MODE:
        return f"Submodule, new: at commit {new}."
    if file.new_mode != SUBMODULE_MODE:
        return f"Submodule, removed: it was at commit {old}."
    return f"Submodule: moved from commit {old} to {new}."


def _say_symlink(
    file: FileInput, left: Text | None, right: Text | None, options: DiffOptions
) -> str:
    old = "\n".join(left.lines) if left and file.old_mode == SYMLINK_MODE else None
    new = "\n".join(right.lines) if right and file.new_mode == SYMLINK_MODE else None
    if not options.old_and_new:
        return f"Symbolic link to {' and to '.join(to for to in (old, new) if to is not None)}."
    if old is not None and new is not None:
        return f"Symbolic link: pointed to {old}, now to {new}."
    if new is not None:
        return f"Symbolic link to {new}."
    return f"It was a symbolic link to {old}."


def _say_unchanged(file: FileInput, options: DiffOptions) -> str:
    if not file.left and not file.right:
        return "The file is empty."
    if file.left != file.right:
        if options.whitespace != "none":
            return "Only white space differs."
        return "The text is the same, character by character."
    return "The content is the same."
