"""Ports of one's own for tests that run side by side, in whichever process."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from orchestrator.lib.ports import port_free

EACH = 300
# Above what browsers refuse to open (10080), and below what systems give to outgoing connections, which
# could take a port just before it is bound.
FIRST, LAST = 11_000, 32_700


def port_block() -> int:
    """The first of `EACH` ports that no other test is given until this process ends.

    Not by `random`: it is seeded before each test, so in two processes it says the same.
    """
    folder = Path(tempfile.gettempdir()) / f"bakeoff-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for first in range(FIRST, LAST - EACH, EACH):
        held = os.open(folder / str(first), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
        else:
            # What an aborted run has left may be there still.
            if port_free("127.0.0.1", first) and port_free("127.0.0.1", first + 1):
                return first
    raise RuntimeError(f"all blocks of ports are in use; who holds them: fuser {folder}/*")
