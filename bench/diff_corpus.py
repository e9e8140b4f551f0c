"""The large oddities of the diff corpus: processor time and memory of each, both views with every line and colours."""

from __future__ import annotations

import tempfile
from pathlib import Path

GOAL = "goal 2 s and 200 MB"


def main() -> None:
    from tests.support.diff_corpus import case_cost, cases, is_large

    print(f"Diff corpus: what the largest cases take ({GOAL})")
    for case in filter(is_large, cases()):
        with tempfile.TemporaryDirectory() as folder:
            cost = case_cost(case, Path(folder))
        print(
            f"  {case.name:<20} {cost.changes:>6,} changes, {cost.html / 1e6:.1f} MB of HTML: "
            f"{cost.seconds:.2f} s, {cost.megabytes:.0f} MB"
        )


if __name__ == "__main__":
    main()
