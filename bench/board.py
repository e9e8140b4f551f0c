"""The board: numbers of pairs nobody has asked for yet beside git's own time for them, marks, and all of it warm.

A synthetic repository, or with BAKEOFF_BENCH_REPOSITORY a real one: then a commit of its history is the base
and later commits, evenly spaced, are the variants.
"""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from bench._ground import (
    Texts,
    cold_beside_git,
    cost,
    git,
    ground,
    repository_make,
    task_make,
    texts_make,
)

FILES, LINES = 4_000, 60
SHAPES = ((8, 800), (16, FILES))  # variants, files that each of them changes
HISTORY_VARIANTS, HISTORY_COMMITS = 8, 400
ROUNDS, COLD_ROUNDS = 9, 3
GOAL_COLD, GOAL_WARM_MS = 1.2, 200


def main() -> None:
    with ground() as place:
        print("Board: numbers beside git's own `diff-tree -M --raw --numstat` of the same pairs")
        for number, (name, repository, base, heads) in enumerate(_grounds(place)):
            measure(number, name, repository, base, heads)


def _grounds(place: Path) -> Iterator[tuple[str, Path, str, list[str]]]:
    for variants, changed in SHAPES:
        repository = place / f"{variants}.git"
        base, heads = _synthetic(repository, variants, changed)
        yield f"{variants} variants, {changed:,} files changed by each", repository, base, heads
    real = os.environ.get("BAKEOFF_BENCH_REPOSITORY")
    if real:
        log = git(Path(real), "rev-list", "--first-parent", f"-{HISTORY_COMMITS}", "HEAD").split()
        step = max(1, (len(log) - 1) // HISTORY_VARIANTS)
        heads = log[: step * HISTORY_VARIANTS : step]
        yield f"{len(heads)} commits of {Path(real).name}", Path(real), log[-1], heads


def measure(number: int, name: str, repository: Path, base: str, heads: list[str]) -> None:
    from review.selectors.agreement import agreement_step
    from review.selectors.board_ask import Ask
    from review.selectors.board_page import board_page
    from review.selectors.consensus import ground_get
    from review.selectors.consensus_page import ConsensusAsk, consensus_page

    user, task = task_make(number, repository, base, heads)
    cold = cold_beside_git(
        COLD_ROUNDS, repository, base, heads, lambda: board_page(user=user, ask=Ask(task))
    )
    numbers_ms, numbers_cpu_ms = _median_ms(lambda: board_page(user=user, ask=Ask(task)))
    steps = []
    done = False

    def step() -> None:
        nonlocal done
        done = agreement_step(ground_get(user=user, task_id=task)).agreement is not None

    while not done:
        steps.append(cost(step))
    page = board_page(user=user, ask=Ask(task))
    warm_ms, warm_cpu_ms = _median_ms(lambda: board_page(user=user, ask=Ask(task)))
    filter_ms, _ = _median_ms(lambda: board_page(user=user, ask=Ask(task, text="part7 3")))
    listed = consensus_page(user=user, ask=ConsensusAsk(task))
    list_ms, _ = _median_ms(lambda: consensus_page(user=user, ask=ConsensusAsk(task, page=3)))
    print(f"  {name}: {page.total:,} files, {page.places:,} places")
    print(
        f"    numbers cold {cold.say(GOAL_COLD)}; "
        f"warm, before the marks, {numbers_ms:.0f} ms ({numbers_cpu_ms:.0f} of processor time)"
    )
    print(
        f"    marks {sum(wall for wall, _ in steps):.1f} s ({sum(cpu for _, cpu in steps):.1f} of processor "
        f"time) in {len(steps)} steps (longest {max(steps)[0]:.1f} s); "
        f"board warm {warm_ms:.0f} ms ({warm_cpu_ms:.0f} of processor time), "
        f"filtered {filter_ms:.0f} ms (goal {GOAL_WARM_MS}), {len(page.rows) / 1000:,.0f} kB"
    )
    print(f"    list of {listed.total:,} places: a page of it {list_ms:.0f} ms")


def _median_ms(run: Callable[[], object]) -> tuple[float, float]:
    costs = [cost(run) for _ in range(ROUNDS)]
    wall, cpu = zip(*costs, strict=True)
    return 1000 * statistics.median(wall), 1000 * statistics.median(cpu)


def _synthetic(repository: Path, variants: int, changed: int) -> tuple[str, list[str]]:
    """Variants that touch many of the same files: some places the same, some their own, some in dispute."""
    rng = random.Random(variants)
    texts = texts_make(FILES, LINES)

    def changed_by(variant: int) -> Texts:
        some = {}
        for name in texts if changed == FILES else rng.sample([*texts], changed):
            lines = list(texts[name])
            lines[7] = f"value_7 = agreed({len(name)})"
            lines[20] = f"value_20 = mine({variant % 3})"
            lines[rng.randrange(30, LINES)] = f"alone = {variant}"
            some[name] = lines
        return some

    return repository_make(repository, texts, map(changed_by, range(variants)))


if __name__ == "__main__":
    main()
