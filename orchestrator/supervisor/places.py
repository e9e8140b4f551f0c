"""Names of the files that the supervisor and the programs it starts share. Knows no Django."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A unix socket's path has room for 107 bytes; Valkey makes "<name>.<pid>" beside it first.
_SOCKET_PATH_BYTES = 90


@dataclass(frozen=True, slots=True)
class Places:
    data_dir: Path

    @property
    def lock(self) -> Path:
        return self.data_dir / "lock"

    @property
    def processes(self) -> Path:
        return self.data_dir / "processes.json"

    @property
    def state(self) -> Path:
        """What the running `up` says of itself: same content as the ready file, without the token."""
        return self.data_dir / "up.json"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def pulse(self) -> Path:
        return self.data_dir / "worker.pulse"

    @property
    def redis_dir(self) -> Path:
        return self.data_dir / "redis"

    @property
    def redis_socket(self) -> Path:
        """In the data dir; in a short private directory when that path is too long for a socket."""
        path = self.data_dir / "redis.sock"
        if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
            return path
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return runtime_dir() / f"{digest}.sock"

    def ensure(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        for path in (self.logs, self.redis_dir):
            path.mkdir(mode=0o700, exist_ok=True)


def runtime_dir() -> Path:
    """A short directory that only this user can enter."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and len(base) <= 40 and os.access(base, os.W_OK):
        path = Path(base) / "bakeoff"
    else:
        path = Path("/tmp") / f"bakeoff-{os.getuid()}"  # noqa: S108 (checked below)
    path.mkdir(mode=0o700, exist_ok=True)
    about = path.lstat()
    if about.st_uid != os.getuid() or about.st_mode & 0o077 or path.is_symlink():
        raise PermissionError(f"{path} must be a directory that only its owner can enter.")
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a private file so that a reader sees all of it or none."""
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def secret_key(data_dir: Path) -> str:
    """The installation's secret key, made once and kept in the data dir."""
    path = data_dir / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".secret_key.{os.getpid()}.{secrets.token_hex(8)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # the first one wins, whoever starts beside us
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()
