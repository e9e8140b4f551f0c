"""200 typical files of real history with colours, beside diff2html + highlight.js on the same patch in the same run.

BAKEOFF_BENCH_REPOSITORY is the repository to take them from (its main line of history), by default our own.
Contents and patches are read beforehand, for all: what is timed is from bytes to HTML. What git takes to give the
patch is printed beside it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from review.diff import (
    Colours,
    FileDiff,
    FileInput,
    Known,
    file_diff,
    highlight,
    language_of,
    render_diff,
    same_lines,
)
from review.diff.text import text_kept

if TYPE_CHECKING:
    from orchestrator.git.diffs import FileChange

FILES = 200
ROUNDS = 7
CONTEXT = 3
COMMITS_APART = 1_500
LINES = range(30, 1_500)
CHANGED_MAX = 400
PACKAGES = ("diff2html@3.4.56", "highlight.js@11.11.1")
LOCAL_CACHE = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "OPTIONS": {"MAX_ENTRIES": 9_000},
}
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    hub: Path
    base: str
    first: str
    second: str


@dataclass(frozen=True)
class Run:
    known: Sequence[bytes]  # contents that were read before, and nothing else
    timed: Callable[[], object]


def main() -> None:
    place = tempfile.mkdtemp(prefix="bakeoff-bench-")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "orchestrator.config.settings",
        "BAKEOFF_DATA_DIR": place,
        "SECRET_KEY": "of the benchmark",
    }
    import django

    django.setup()
    try:
        measure(_source(_git_dir()))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def measure(source: Source) -> None:
    files = _files(source, source.first, ())
    rights = {file.path: file.right for file in files}
    others = [f for f in _files(source, source.second, [*rights]) if f.right != rights[f.path]]
    patch = _patch(source, files)
    lines = _patch_lines(patch)
    bases = [_left_colours(file, file_diff(file)) for file in others]
    lefts = [file.left or b"" for file in others]
    runs = {
        "cold": Run((), lambda: [_page(file) for file in files]),
        "others cold": Run((), lambda: [_page(file) for file in others]),
        "others": Run(lefts, lambda: [_page(*pair) for pair in zip(others, bases, strict=True)]),
    }
    with _diff2html(patch) as theirs:
        ms, elements = _in_turns(runs, theirs)
    git_ms = min(_wall_ms(lambda: _patch(source, files)) for _ in range(ROUNDS))
    html = "".join(map(_page, files))
    print(
        f"Diff sets: {len(files)} files, {lines:,} patch lines, processor time, best of {ROUNDS} in turns"
    )
    print(
        f"  with colours, cold: {ms['cold']:,.0f} ms, {1000 * ms['cold'] / lines:.0f} ms per 1,000 patch lines; "
        f"{html.count('</') / lines:.1f} elements a line (goal 6), {len(html) / 1e6:.1f} MB; "
        f"git's own time for the patch: {git_ms:.0f} ms"
    )
    if "diff2html" in ms:
        print(
            f"  diff2html + highlight.js: {ms['diff2html']:,.0f} ms, {elements / lines:.1f} elements a line; "
            f"we take {ms['cold'] / ms['diff2html']:.2f} x (goal 1)"
        )
    else:
        print("  diff2html is absent: it needs node, npm and the package from npm")
    print(
        f"  another variant of the same base ({len(others)} files): {ms['others']:,.0f} ms, "
        f"{ms['others'] / ms['others cold']:.2f} x its cold {ms['others cold']:,.0f} ms (goal 0.33)"
    )
    _product(source, files, others, lines)


def _in_turns(
    runs: Mapping[str, Run], theirs: subprocess.Popen[str] | None
) -> tuple[dict[str, float], int]:
    """The best processor time of each; in turns, because the machine's other work comes and goes."""
    best: dict[str, float] = {}
    elements = 0

    def note(name: str, took_ms: float) -> None:
        best[name] = min(took_ms, best.get(name, took_ms))

    for _ in range(ROUNDS):
        for name, run in runs.items():
            text_kept.cache_clear()
            for data in run.known:
                text_kept(data)
            began = time.process_time()
            run.timed()
            note(name, 1000 * (time.process_time() - began))
        if theirs and theirs.stdin and theirs.stdout:
            print("once", file=theirs.stdin, flush=True)
            answer = json.loads(theirs.stdout.readline())
            note("diff2html", answer["ms"])
            elements = answer["elements"]
    return best, elements


def _wall_ms(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _diff2html(patch: bytes) -> Iterator[subprocess.Popen[str] | None]:
    folder = _diff2html_folder()
    if folder is None:
        yield None
        return
    command = ["node", str(HERE / "_diff2html.mjs")]
    pipe = subprocess.PIPE
    with tempfile.NamedTemporaryFile(suffix=".patch") as file:
        file.write(patch)
        file.flush()
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as theirs:
            assert theirs.stdin
            asked = {"folder": str(folder), "patch": file.name}
            print(json.dumps(asked), file=theirs.stdin, flush=True)
            yield theirs


def _product(source: Source, files: list[FileInput], others: list[FileInput], lines: int) -> None:
    """What a reader waits for: the same with git's processes and the cache around it."""
    from django.test import override_settings

    from orchestrator.git.diffs import changes

    sides = {}
    for right, chosen in ((source.first, files), (source.second, others)):
        names = {file.path for file in chosen}
        found = changes(hub=source.hub, left=source.base, right=right)
        sides[right] = [change for change in found if change.path in names]

    def look(right: str) -> float:
        """The median of all files, ms."""
        looks = (partial(_body, source, change) for change in sides[right])
        return statistics.median(map(_wall_ms, looks))

    with override_settings(CACHES={"default": LOCAL_CACHE}):
        cold_ms, kept_ms, other_ms = look(source.first), look(source.first), look(source.second)
    print(
        f"  one of these files through the product, with git's three processes: cold {cold_ms:.0f} ms, "
        f"another variant {other_ms:.0f} ms, cached {kept_ms:.2f} ms "
        f"({1000 * kept_ms * len(files) / lines:.1f} ms per 1,000 patch lines, goal 10)"
    )


def _body(source: Source, change: FileChange) -> object:
    from review.selectors.file_diffs import file_body

    return file_body(hub=source.hub, change=change, view="split", context=CONTEXT, shown=True)


def _page(file: FileInput, base: Colours | None = None) -> str:
    diff = file_diff(file)
    left = base or _left_colours(file, diff)
    known = Known(left, same_lines(diff)) if left else None
    right = highlight(diff.right, file.path, known=known) if diff.right else None
    return render_diff(diff, view="split", context=CONTEXT, left_colours=left, right_colours=right)


def _left_colours(file: FileInput, diff: FileDiff) -> Colours | None:
    return highlight(diff.left, file.path) if diff.left else None


def _git_dir() -> Path:
    asked = os.environ.get("BAKEOFF_BENCH_REPOSITORY", str(HERE.parent))
    command = ["git", "-C", asked, "rev-parse", "--absolute-git-dir"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())


def _git(hub: Path, *args: str, stdin: bytes = b"") -> bytes:
    command = ["git", "--git-dir", str(hub), *args]
    return subprocess.run(command, check=True, capture_output=True, input=stdin).stdout


def _source(hub: Path) -> Source:
    log = _git(hub, "rev-list", "--first-parent", "HEAD").decode().split()
    apart = min(COMMITS_APART, len(log) // 2)  # of a short history the newer half, which has files
    return Source(hub, base=log[apart], first=log[0], second=log[apart // 3])


def _files(source: Source, right: str, paths: Sequence[str]) -> list[FileInput]:
    """Source files that both commits have, with changes in them; all of them or those named."""
    facts_of = ("diff-tree", "-r", "-z", "--no-renames", "--diff-filter=M", source.base, right)
    raw = _git(source.hub, *facts_of, "--", *paths)
    facts = raw.decode().split("\0")
    found = []
    for entry, path in zip(facts[::2], facts[1::2], strict=False):
        if language_of(path) and entry.startswith(":100"):
            old, new = entry.split(" ")[2:4]
            found.append((path, old, new))
    random.Random(1).shuffle(found)
    return list(islice(filter(_typical, (_input(source.hub, *one) for one in found)), FILES))


def _input(hub: Path, path: str, old: str, new: str) -> FileInput:
    left, right = (_git(hub, "cat-file", "blob", blob) for blob in (old, new))
    patch = _git(hub, "diff", "--no-ext-diff", "-U0", old, new)
    return FileInput(path=path, left=left, right=right, patch=patch)


def _typical(file: FileInput) -> bool:
    diff = file_diff(file)
    changed = diff.insertions + diff.deletions
    return diff.left_lines in LINES and 0 < changed <= CHANGED_MAX and "lock" not in diff.deferred


def _patch(source: Source, files: list[FileInput]) -> bytes:
    paths = [file.path for file in files]
    plain = ("diff-tree", "-r", "-p", "--no-renames", f"-U{CONTEXT}", source.base, source.first)
    return _git(source.hub, *plain, "--", *paths)


def _patch_lines(patch: bytes) -> int:
    heads = (b"+++ ", b"--- ")
    lines = patch.split(b"\n")
    return sum(line[:1] in (b" ", b"+", b"-") and not line.startswith(heads) for line in lines)


def _diff2html_folder() -> Path | None:
    """Where npm put them; None if it cannot."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    folder = HERE.parent / ".cache" / "diff2html"
    if not (folder / "node_modules" / "diff2html").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder))
        done = subprocess.run(["npm", "install", *quiet, *PACKAGES], check=False, timeout=300)
        if done.returncode:
            return None
    return folder


if __name__ == "__main__":
    main()
