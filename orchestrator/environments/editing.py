"""One file of a workspace replaced by another version of itself.

Agents own their workspaces: no step of the path may be a link that leads elsewhere, and what is there must be
what was expected, or nothing is written.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def file_replace(*, workspace: Path, path: str, old: bytes, new: bytes) -> bool:
    """Put `new` in the place of `old`, whole or not at all; False if the file is not `old` any more.

    Mode and place stay. Whoever has the file open goes on with the old one.
    """
    *folders, name = path.split("/")
    try:
        with _folder(workspace, folders) as folder:
            return _replace(folder, name, old, new)
    except (NotADirectoryError, FileNotFoundError):
        return False
    except OSError as exc:
        if exc.errno == errno.ELOOP:  # a link
            return False
        raise


def _replace(folder: int, name: str, old: bytes, new: bytes) -> bool:
    mode = _mode_of(folder, name, old)
    if mode is None:
        return False
    fresh = f".{secrets.token_hex(8)}.bakeoff-new"
    descriptor = os.open(fresh, _FRESH, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if _mode_of(folder, name, old) is None:  # written to meanwhile
            return False
        os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
        fresh = ""
    finally:
        if fresh:
            os.unlink(fresh, dir_fd=folder)
    return True


def _mode_of(folder: int, name: str, wanted: bytes) -> int | None:
    """The mode of the plain file `name` if it holds what is wanted."""
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != len(wanted):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return stat.S_IMODE(facts.st_mode) if file.read() == wanted else None
    finally:
        os.close(descriptor)


@contextmanager
def _folder(workspace: Path, folders: list[str]) -> Iterator[int]:
    descriptor = os.open(workspace, _DIRECTORY)
    try:
        for name in folders:
            inner = os.open(name, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)
