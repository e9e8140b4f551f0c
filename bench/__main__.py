"""All benchmarks, one after the other: `make bench`, or `python -m bench launch idle`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    here = Path(__file__).parent
    names = sys.argv[1:] or sorted(p.stem for p in here.glob("[a-z]*.py"))
    # Each in a process of its own: the settings of the product are made once in a process.
    codes = [
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
        for name in names
    ]
    return max(codes, key=abs, default=0)


if __name__ == "__main__":
    sys.exit(main())
