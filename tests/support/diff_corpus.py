"""Two commits that differ in every way git knows and in every oddity of text that we do.

The cases are made here, the large ones too, so that nothing of size is stored; what is expected of them stands as
text in `tests/data/diffs/`. Write that anew (and read what changed in it) with `python -m tests.support.diff_corpus`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.diffs import changes, copies
from review.diff import Chunk, ChunkKind, FileDiff, Line
from review.selectors.file_diffs import file_read

GOLDEN = Path(__file__).parent.parent / "data" / "diffs"
PLAIN, PROGRAM, LINK, MODULE = "100644", "100755", "120000", "160000"
Side = tuple[str, bytes]  # mode, content


@dataclass(frozen=True)
class Case:
    """What stands at `path` before and after; `old_path` where it stood elsewhere before."""

    name: str
    path: bytes
    left: Side | None
    right: Side | None
    old_path: bytes = b""


def _case(name: str, left: bytes | None, right: bytes | None, path: bytes = b"") -> Case:
    before, after = (None if side is None else (PLAIN, side) for side in (left, right))
    return Case(name, path or f"{name}.txt".encode(), before, after)


PROSE = b"".join(b"This is sentence %d of a text that keeps its place.\n" % n for n in range(12))
CODE = b"""import os


def area(width, height):
    return width * height


def name_of(path):
    return os.path.basename(path)
"""
TOOL = b"".join(b"def step_%d():\n    return 'step %d'\n\n\n" % (n, n) for n in range(9))
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def _small() -> list[Case]:
    moved = CODE.split(b"\n\n\n")
    return [
        _case("added", None, b"new\n"),
        _case("added-empty", None, b""),
        _case("deleted", b"old\n", None),
        _case("changed", b"one\ntwo\nthree\n", b"one\ntwo and a half\nthree\n"),
        _case("emptied", b"one\n", b""),
        Case("renamed", b"new name.txt", (PLAIN, PROSE), (PLAIN, PROSE), b"old name.txt"),
        Case("renamed-case", b"Makefile.TXT", (PLAIN, PROSE + b"a\n"), (PLAIN, PROSE + b"a\n"), b"makefile.txt"),
        Case(
            "renamed-edited", b"deep/er/file.md", (PLAIN, PROSE + b"b\n"),
            (PROGRAM, PROSE.replace(b"sentence 3", b"phrase 3") + b"b\n"), b"file.md",
        ),
        Case("copied", b"copy.py", None, (PLAIN, CODE + b"# kept.py\n")),
        Case("copied-edited", b"copy of a tool.py", None, (PROGRAM, TOOL.replace(b"step 4", b"stage 4"))),
        Case("copied-kept", b"tool.py", (PLAIN, TOOL), (PLAIN, TOOL + b"# the same but for this\n")),
        Case("copied-short", b"short copy.py", None, (PLAIN, b"import os\nimport re\n")),
        Case("short", b"short.py", (PLAIN, b"import os\nimport re\n"), (PLAIN, b"import os\n")),
        Case("kept", b"kept.py", (PLAIN, CODE + b"# kept.py\n"), (PLAIN, CODE + b"# kept.py, changed\n")),
        Case("mode", b"run.sh", (PLAIN, b"#!/bin/sh\n"), (PROGRAM, b"#!/bin/sh\n")),
        Case("mode-and-text", b"stop.sh", (PROGRAM, b"#!/bin/sh\n"), (PLAIN, b"#!/bin/sh\nexit\n")),
        Case("file-to-link", b"to-link", (PLAIN, b"text\n"), (LINK, b"../target")),
        Case("link-to-file", b"from-link", (LINK, b"../target"), (PLAIN, b"text\n")),
        Case("link", b"link", (LINK, b"old/place"), (LINK, b"new/place")),
        Case("link-added", b"link-new", None, (LINK, "zu/Stra\u00dfe".encode())),
        Case("module", b"lib/module", (MODULE, b"1" * 40), (MODULE, b"2" * 40)),
        Case("module-added", b"lib/added", None, (MODULE, b"3" * 40)),
        Case("module-removed", b"lib/removed", (MODULE, b"4" * 40), None),
        Case("module-to-file", b"lib/file", (MODULE, b"5" * 40), (PLAIN, b"text\n")),
        _case("lf-to-crlf", b"a\nb\n", b"a\r\nb\r\n"),
        _case("crlf", b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
        _case("mixed-ends", b"a\r\nb\nc\n", b"a\r\nb\nC\r\n"),
        _case("no-newline", b"a\nb", b"a\nc"),
        _case("newline-added", b"a\nb", b"a\nb\n"),
        _case("newline-removed", b"a\nb\n", b"a\nb"),
        _case("bom-added", b"a\n", b"\xef\xbb\xbfa\n"),
        _case("bom", b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n"),
        _case("utf-16", "caf\u00e9\nna\n".encode("utf-16"), "caf\u00e9\nno\n".encode("utf-16")),
        _case("utf-16-to-8", "caf\u00e9\n".encode("utf-16"), "caf\u00e9\n".encode()),
        _case("latin-1", b"caf\xe9\nth\xe9\n", b"caf\xe9\nth\xe8\n"),
        _case("latin-1-to-utf-8", b"caf\xe9\n", b"caf\xc3\xa9\n"),
        _case("invalid-bytes", "é à ü\n".encode() + b"x\xfe\n", "é à ü\n".encode() + b"x\xff\n"),
        _case("unseen", b"a\xe2\x80\x8bb\x1b[0m\n", b"ab\xe2\x80\xae\n"),
        _case("separators", "a\u2028b\x0cc\x85d\rnot a line\n".encode(), b"a b\n"),
        _case("path-unicode", b"a\n", b"b\n", "Gr\u00fc\u00dfe/\u65e5\u672c.txt".encode()),
        _case("path-newline", b"a\n", b"b\n", b"odd\nname \"quoted\"\t.txt"),
        _case("path-no-text", b"a\n", b"b\n", b"caf\xe9.txt"),
        _case("binary", b"\0\1\2", b"\0\1\2\3" * 600, b"tool.bin"),
        _case("binary-to-text", b"\0\1\2", b"text\n"),
        _case("image", PNG + b"1" * 100, PNG + b"2" * 90, b"logo.png"),
        _case("lfs", LFS.format("a" * 64, 100).encode(), LFS.format("b" * 64, 90_000).encode(), b"big.psd"),
        _case("lfs-added", CODE, LFS.format("c" * 64, 12).encode(), b"now-large.dat"),
        _case("moved", CODE, b"\n\n\n".join([moved[0], moved[2].rstrip(), moved[1]]) + b"\n", b"moved.py"),
        _case("indented", b"a()\nb()\nc()\n", b"if x:\n    a()\n    b()\n\nc()\n", b"indented.py"),
        _case("words", b"return max(old, 1)\n", b"return max(new, 1, key=len)\n", b"words.py"),
        _case("generated", b"# @generated\na = 1\n", b"# @generated\na = 2\n", b"made.py"),
    ]  # fmt: skip


def _large() -> list[Case]:
    entry = b'    "node_modules/name-%d": {\n      "version": "%d.0.%d",\n    },\n'
    locks = [b"".join(entry % (n, major, n) for n in range(10_000)) for major in (1, 2)]
    hunks = [
        b"".join(b"kept %d\n%s %d\n" % (n, word, n) for n in range(5_000))
        for word in (b"old", b"new")
    ]
    line = b"var a=1;" * 5_625
    return [
        _case("long-line", line + b"var b=2;" + line + b"\n", line + b"let c=3;" + line + b"\n", b"app.js"),
        _case("five-thousand-hunks", hunks[0], hunks[1]),
        _case("lock-file", locks[0], locks[1], b"package-lock.json"),
        _case("all-new", b"".join(b"a%d\n" % n for n in range(10_000)), b"".join(b"b%d\n" % n for n in range(10_000))),
    ]  # fmt: skip


def cases() -> list[Case]:
    return _small() + _large()


def corpus_build(folder: Path) -> tuple[Path, str, str]:
    """A repository with the two commits, and their ids."""
    hub = folder / "corpus.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(hub)], check=True)
    feed = _commit("left", cases(), right=False) + _commit("right", cases(), right=True)
    command = ["git", "--git-dir", str(hub)]
    subprocess.run([*command, "fast-import", "--quiet"], input=feed, check=True)
    ids = [
        subprocess.run([*command, "rev-parse", name], check=True, capture_output=True, text=True)
        for name in ("left", "right")
    ]
    return hub, ids[0].stdout.strip(), ids[1].stdout.strip()


def _commit(branch: str, chosen: Sequence[Case], *, right: bool) -> bytes:
    who = b"committer Corpus <corpus@localhost> 1700000000 +0000\n"
    parts = [f"commit refs/heads/{branch}\n".encode(), who, b"data 1\nx\n"]
    for case in chosen:
        side = case.right if right else case.left
        if side is None:
            continue
        mode, content = side
        path = _quoted(case.path if right else case.old_path or case.path)
        if mode == MODULE:
            parts.append(b"M %s %s %s\n" % (mode.encode(), content, path))
        else:
            head = b"M %s inline %s\ndata %d\n" % (mode.encode(), path, len(content))
            parts += [head, content, b"\n"]
    return b"".join(parts) + b"\n"


def _quoted(path: bytes) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'


def corpus_read(hub: Path, left: str, right: str) -> dict[str, FileDiff]:
    """The diff of every case, through the product: git's list of changes, contents, patches."""
    names = {case.path: case.name for case in cases()}
    found: dict[str, FileDiff] = {}
    listed = changes(hub=hub, left=left, right=right)
    copied = copies(listed, hub=hub, left=left, right=right)
    for change in (copied.get(change.path, change) for change in listed):
        name = names[change.path.encode("utf-8", "surrogateescape")]
        found[name] = file_read(hub=hub, change=change)
    return found


# --- What a case costs --------------------------------------------------------------------------------

# Alone in a process, so that what it needs is what is measured (ru_maxrss would count the parent's too): both views,
# whole, with colours where there are any.
ALONE = """
import json, re, sys, time
from review.diff import FileInput, Known, file_diff, highlight, render_diff, same_lines
path, left, right, patch = sys.argv[1:]
read = lambda name: open(name, "rb").read()
peak = lambda: int(re.search(rb"VmHWM:\\s+(\\d+) kB", read("/proc/self/status"))[1]) / 1000
file = FileInput(path=path, left=read(left), right=read(right), patch=read(patch))
before, began = peak(), time.process_time()
diff = file_diff(file)
colours = highlight(diff.left, path)
others = highlight(diff.right, path, known=Known(colours, same_lines(diff)) if colours else None)
sides = {"left_colours": colours, "right_colours": others}
size = sum(len(render_diff(diff, view=view, context=10**6, **sides)) for view in ("split", "unified"))
print(json.dumps([diff.changes, size, time.process_time() - began, peak() - before]))
"""


@dataclass(frozen=True)
class Cost:
    changes: int
    html: int
    seconds: float  # of processor time
    megabytes: float


def is_large(case: Case) -> bool:
    return case.left is not None and case.right is not None and len(case.left[1]) > 50_000


def case_cost(case: Case, folder: Path) -> Cost:
    for name, side in (("left", case.left), ("right", case.right)):
        (folder / name).write_bytes(side[1] if side else b"")
    command = ["git", "diff", "--no-index", "--no-color", "-U0", "left", "right"]
    patch = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout
    (folder / "patch").write_bytes(patch)
    files = [str(folder / name) for name in ("left", "right", "patch")]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, case.path.decode(), *files],
        cwd=GOLDEN.parents[2],
        capture_output=True,
        check=True,
        text=True,
    )
    return Cost(*json.loads(done.stdout))


# --- As text ----------------------------------------------------------------------------------------

SHOWN_CHANGES, SHOWN_CHARS = 12, 70


def diff_say(diff: FileDiff) -> str:
    """A diff as a person would check it: what is said about it, then its changed lines.

    « » stand around what changed in a line, = beside a line that only got another indentation, > before the number
    of the line at the other end of a move.
    """
    was = f" (was {diff.old_path})" if diff.old_path else ""
    head = [
        f"{_visible(diff.path + was)}",
        f"{diff.status}, {diff.kind}{', ' + diff.language if diff.language else ''}: "
        f"{diff.changes} changes, +{diff.insertions} -{diff.deletions}",
        *(f"note: {_visible(note)}" for note in diff.notes),
        *([f"waits for a click: {diff.deferred}"] if diff.deferred else []),
    ]
    changed = [chunk for chunk in diff.chunks if chunk.kind is not ChunkKind.EQUAL]
    body = [line for chunk in changed[:SHOWN_CHANGES] for line in _chunk_say(chunk)]
    more = len(changed) - SHOWN_CHANGES
    rest = [f"… and {more:,} more changes"] if more > 0 else []
    return "\n".join([*head, *body, *rest]) + "\n"


def _chunk_say(chunk: Chunk) -> list[str]:
    pairs = ", ".join(
        f"{chunk.left[i].n}:{chunk.right[j].n}" for i, j in chunk.pairs[:SHOWN_CHANGES]
    )
    return [
        f"@@ {chunk.kind}{' ' + chunk.heading if chunk.heading else ''}{' pairs ' + pairs if pairs else ''}",
        *(f"-{_line_say(line)}" for line in chunk.left[:SHOWN_CHANGES]),
        *(f"+{_line_say(line)}" for line in chunk.right[:SHOWN_CHANGES]),
    ]  # fmt: skip


def _line_say(line: Line) -> str:
    text, at = "", 0
    for start, end in line.changed:
        text += _visible(line.text[at:start]) + "«" + _visible(line.text[start:end]) + "»"
        at = end
    text += _visible(line.text[at:])
    if len(text) > 2 * SHOWN_CHARS:
        text = f"{text[:SHOWN_CHARS]} … {len(line.text):,} characters"
    moved = f">{line.moved.line}" if line.moved else ""
    mark = "=" if line.reindented else moved
    return f"{line.n}{mark}|{text}{'' if line.newline else '¬'}"


def _visible(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = corpus_read(*corpus_build(Path(folder)))
    for old in GOLDEN.glob("*.txt"):
        old.unlink()
    for name, diff in found.items():
        (GOLDEN / f"{name}.txt").write_text(diff_say(diff))
    sys.stdout.write(f"{len(found)} cases written to {GOLDEN}\n")


if __name__ == "__main__":
    main()
