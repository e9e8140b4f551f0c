"""What `GET tasks/{id}/compare` answers for a pair nobody has asked for yet, beside git's own time for it.

A synthetic pair of the size of the goal, and with BAKEOFF_BENCH_REPOSITORY a real one: the newest commit of
its main line, and the one before it that differs in about as many files.
"""

from __future__ import annotations

import json
import os
import random
import statistics
from collections.abc import Iterator
from pathlib import Path

from bench._ground import (
    cold_beside_git,
    cost,
    git,
    ground,
    repository_make,
    task_make,
    texts_make,
)

FILES, LINES, CHANGED_LINES = 3_800, 220, 73  # 555,000 lines come and go
ROUNDS = 5
GOAL, GOAL_CACHED_MS = 1.5, 200


def main() -> None:
    with ground() as place:
        print("Compare summary: beside git's own `diff-tree -M --raw --numstat` of the same pair")
        for number, (name, repository, base, head) in enumerate(_grounds(place)):
            measure(number, name, repository, base, head)


def _grounds(place: Path) -> Iterator[tuple[str, Path, str, str]]:
    yield ("synthetic", place / "synthetic.git", *_synthetic(place / "synthetic.git"))
    real = os.environ.get("BAKEOFF_BENCH_REPOSITORY")
    if real:
        base, head = _distant(Path(real))
        yield Path(real).name, Path(real), base, head


def measure(number: int, name: str, repository: Path, base: str, head: str) -> None:
    from review.selectors.compare import compare_summary

    user, task = task_make(number, repository, base, [head])

    def ours() -> str:
        return json.dumps(compare_summary(user=user, task_id=task, left="base", right="A"))

    cold = cold_beside_git(ROUNDS, repository, base, [head], ours)
    cached_ms = 1000 * statistics.median(cost(ours)[0] for _ in range(ROUNDS))
    told = json.loads(ours())
    print(
        f"  {name}: {told['files_changed']:,} files, +{told['insertions']:,} -{told['deletions']:,}: "
        f"cold {cold.say(GOAL)}, cached {cached_ms:.0f} ms (goal {GOAL_CACHED_MS})"
    )


def _distant(repository: Path) -> tuple[str, str]:
    log = git(repository, "rev-list", "--first-parent", "HEAD").split()

    def differ(index: int) -> int:
        return git(repository, "diff-tree", "-r", "--name-only", log[index], log[0]).count("\n") + 1

    low, high = 1, len(log) - 1
    while low < high:  # what differs grows with the distance, more or less
        middle = (low + high) // 2
        low, high = (low, middle) if differ(middle) >= FILES else (middle + 1, high)
    return log[low], log[0]


def _synthetic(repository: Path) -> tuple[str, str]:
    rng = random.Random(1)
    texts = texts_make(FILES, LINES)
    changed = {}
    for name, lines in texts.items():
        some = set(rng.sample(range(LINES), CHANGED_LINES))
        changed[name] = [f"{line}  # {name}" if n in some else line for n, line in enumerate(lines)]
    base, (head,) = repository_make(repository, texts, [changed])
    return base, head


if __name__ == "__main__":
    main()
