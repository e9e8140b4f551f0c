"""All benchmarks, one after the other: `make bench`, or `python -m bench launch idle`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    here = Path(__file__).parent
    names = sys.argv[1:] or sorted(p.stem for p in here.glob("[a-z]*.py"))
    for name in names:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
