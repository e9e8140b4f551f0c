"""One file's side-by-side HTML, cold and cached, beside `git diff` on the same two files in the same run.

Cold is everything the web process does for a file it has not seen: git's patch, both contents, pairs and words,
colours, HTML. Cached is what is left when another reader, or another variant, has asked before.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 9
GOALS_MS = {400: (60, 10), 10_000: (1000, 0)}


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    try:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "orchestrator.config.settings",
            "BAKEOFF_DATA_DIR": str(place),
            "SECRET_KEY": "of the benchmark",
        }
        import django

        django.setup()
        print(f"File diff: split HTML, median of {ROUNDS}")
        for lines, goals in GOALS_MS.items():
            measure(place, lines, goals)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def measure(place: Path, lines: int, goals: tuple[int, int]) -> None:
    from django.test import override_settings

    from orchestrator.git.diffs import changes
    from review.selectors.file_diffs import FileBody, file_body

    repository, left, right = _repository(place / str(lines), lines)
    change = changes(hub=repository, left=left, right=right)[0]

    def body() -> FileBody:
        return file_body(hub=repository, change=change, view="split", context=3, shown=True)

    def plain_git() -> object:
        command = ["git", "--git-dir", str(repository), "diff", "--histogram", left, right]
        return subprocess.run(command, check=True, capture_output=True)

    git_ms = _median_ms(plain_git)
    with override_settings(CACHES=_cache("dummy.DummyCache")):
        cold_ms = _median_ms(body)
    with override_settings(CACHES=_cache("locmem.LocMemCache")):
        html = body().html
        cached_ms = _median_ms(body)
    goal = f"goal {goals[0]} and {goals[1]}" if goals[1] else f"goal {goals[0]} cold"
    print(
        f"  {lines:>6,} lines, {html.count('data-change'):,} changes, {len(html) / 1000:,.0f} kB: "
        f"cold {cold_ms:.0f} ms ({cold_ms / git_ms:.1f} x git's {git_ms:.0f}), "
        f"cached {cached_ms:.1f} ms; {goal}"
    )


def _cache(backend: str) -> dict[str, dict[str, str]]:
    return {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}


def _median_ms(run: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def _repository(path: Path, lines: int) -> tuple[Path, str, str]:
    """Python source that repeats nothing, and a fifth of it edited."""
    rng = random.Random(lines)
    source = [
        text
        for n in range(lines // 5)
        for text in (
            f"def area_{n}(width: int, height: int = {n}) -> float:",
            f'    """The area of rectangle {n}, in metres."""',
            f"    scale = {rng.random():.3f}  # as measured",
            f"    return width * height * scale + offset_of({rng.randrange(999)})",
            "",
        )
    ]
    edited = [
        line.replace("scale", "factor") if rng.random() < 0.2 else line
        for line in source
        if rng.random() > 0.02
    ]
    path.mkdir()

    def git(*args: str) -> str:
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        command = ["git", *identity, "-C", str(path), *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    commits = []
    for text in (source, edited):
        (path / "areas.py").write_text("\n".join(text) + "\n")
        git("add", ".")
        git("commit", "--quiet", "-m", "x")
        commits.append(git("rev-parse", "HEAD"))
    return path / ".git", commits[0], commits[1]


if __name__ == "__main__":
    main()
