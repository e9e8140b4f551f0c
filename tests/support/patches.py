"""Patches of single hunks, as git has them and as `git apply` takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.trees import Trees


def body(trees: Trees, left: str, right: str, start: int, end: int) -> list[bytes]:
    """A hunk as git's own patch has it: its head, then its lines."""
    patch = trees.git("diff-tree", "-r", "-p", "-U0", "--no-color", left, right)
    wanted = b"@@ -%d" % (start if start == end else start + 1)
    counted = wanted + {0: b",0 ", 1: b" "}.get(end - start, b",%d " % (end - start))
    found: list[bytes] = []
    for line in patch.split(b"\n")[:-1]:
        if line.startswith(b"@@ "):
            found.append(line) if (inside := line.startswith(counted)) else None
        elif found and inside:
            found.append(line)
    return found


def applied(folder: Path, base: bytes, hunks: list[list[bytes]]) -> bytes:
    """The base after `git apply` of one patch of these hunks."""
    if not hunks:
        return base
    (folder / "f").write_bytes(base)
    patch = [b"--- a/f", b"+++ b/f"]
    shift = 0
    for head, *lines in hunks:
        old = head.split(b" ")[1][1:]
        start, _, count = old.partition(b",")
        removed, added = int(count or 1), sum(line[:1] == b"+" for line in lines)
        first = int(start) + (removed == 0)  # of the lines that come after those before it
        new = first + shift - (added == 0)
        patch += [b"@@ -%s +%d,%d @@" % (old, new, added), *lines]
        shift += added - removed
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-p1", "-"],
        cwd=folder,
        input=b"\n".join(patch) + b"\n",
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    assert done.returncode == 0, (done.stderr, patch, base)
    found = (folder / "f").read_bytes() if (folder / "f").exists() else b""
    (folder / "f").unlink(missing_ok=True)
    return found


def lines_of(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines
