"""Picks of two variants put together and written as a commit, beside `git apply` of the same patches.

Of each file one change is taken from A and one from B. Ours is all that a press of Compose waits for but the row in
the database; git's is `read-tree`, `apply --cached`, `write-tree` and `commit-tree`. Both must come to the same tree.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._ground import cost, git, ground, repository_make, task_make, texts_make

FILES, LINES = 2_000, 120
SIZES = (40, 400)
ROUNDS = 7
A_LINE, B_LINE, OTHERS = 20, 90, (5, 60, 110)


def main() -> None:
    with ground() as place:
        print(
            f"Compose: two changes of each file, of {FILES:,} files in all, best of {ROUNDS} in turns"
        )
        for number, size in enumerate(SIZES):
            measure(number, place / f"{size}.git", size)


def measure(number: int, repository: Path, size: int) -> None:
    from orchestrator.lib.redis import redis_client
    from orchestrator.models import Task
    from review.selectors.trays import tray_page
    from review.selectors.wishes import wishes_read
    from review.services.composing import composition_preview
    from review.services.trays import tray_change

    base, (a, b, a_part, b_part), names = _synthetic(repository, size)
    user, task_id = task_make(number, repository, base, [a, b])
    task = Task.objects.get(pk=task_id)
    picks: list[dict[str, Any]] = [
        {"variant": letter, "path": name, "hunks": [place]}
        for name in names
        for letter, place in (("A", _place(A_LINE)), ("B", _place(B_LINE)))
    ]
    wishes, _ = wishes_read(user=user, task=task, picks=picks)
    patch = repository / "picks.patch"
    parts = [git(repository, "diff-tree", "-r", "-p", base, part) for part in (a_part, b_part)]
    patch.write_text("\n".join(parts) + "\n")
    tray_change(user=user, task=task, add=picks)
    best: dict[str, float] = {}
    cpu: dict[str, float] = {}

    def note(name: str, run: Callable[[], Any]) -> Any:
        found: list[Any] = []
        wall, processor = cost(lambda: found.append(run()))
        best[name] = min(wall, best.get(name, wall))
        cpu[name] = min(processor, cpu.get(name, processor))
        return found[0]

    for _ in range(ROUNDS):
        theirs = note("apply", lambda: _git_apply(repository, base, patch))
        note(
            "diff",
            lambda: [git(repository, "diff-tree", "-r", "-p", "-M", base, x) for x in (a, b)],
        )
        redis_client().flushall()
        note("cold", lambda: composition_preview(user=user, task=task, wishes=wishes))
        ours = note("warm", lambda: composition_preview(user=user, task=task, wishes=wishes))
        note("tray", lambda: tray_page(user=user, task=task))
    trees = {git(repository, "rev-parse", commit + "^{tree}") for commit in (ours, theirs)}
    assert len(trees) == 1, "git makes another tree of the same patches"
    ms = {name: 1000 * wall for name, wall in best.items()}
    git_cold = ms["apply"] + ms["diff"]
    print(
        f"  {size} files, {len(picks)} picks: {ms['warm']:.0f} ms, git apply {ms['apply']:.0f} ms: "
        f"{ms['warm'] / ms['apply']:.2f} x (of processor time {cpu['warm'] / cpu['apply']:.2f} x)"
    )
    print(
        f"    with nothing read before {ms['cold']:.0f} ms, git with its two diffs {git_cold:.0f} ms: "
        f"{ms['cold'] / git_cold:.2f} x; the tray with all of them {ms['tray']:.0f} ms "
        f"({1000 * cpu['tray']:.0f} of processor time)"
    )


def _place(line: int) -> dict[str, int]:
    return {"base_start": line + 1, "base_lines": 1}


def _git_apply(repository: Path, base: str, patch: Path) -> str:
    index = repository / "apply.index"
    index.unlink(missing_ok=True)

    def with_index(*args: str) -> str:
        return git(repository, *args, env={"GIT_INDEX_FILE": str(index)})

    with_index("read-tree", base)
    with_index("apply", "--cached", "--whitespace=nowarn", str(patch))
    tree = with_index("write-tree")
    who = ("-c", "user.name=bench", "-c", "user.email=b@localhost")
    return git(repository, *who, "commit-tree", "-p", base, "-m", "x", tree)


def _synthetic(repository: Path, size: int) -> tuple[str, list[str], list[str]]:
    """The base; A and B whole and the part of each that is picked; and the files that they change."""
    texts = texts_make(FILES, LINES)
    some = sorted(random.Random(size).sample([*texts], size))
    variants = [
        {name: _changed(texts[name], who, (line, *more)) for name in some}
        for who, line, more in (
            ("a", A_LINE, OTHERS),
            ("b", B_LINE, OTHERS),
            ("a", A_LINE, ()),
            ("b", B_LINE, ()),
        )
    ]
    return *repository_make(repository, texts, variants), some


def _changed(lines: list[str], who: str, places: tuple[int, ...]) -> list[str]:
    return [f"{line}  # {who}" if n in places else line for n, line in enumerate(lines)]


if __name__ == "__main__":
    main()
