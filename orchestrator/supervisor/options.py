"""What `bakeoff up` was asked for, and the environment and command lines that follow from it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.lib.ports import port_free
from orchestrator.supervisor import valkey
from orchestrator.supervisor.child import Program
from orchestrator.supervisor.places import Places

CODE_DIR = Path(__file__).resolve().parents[2]


class PortBusyError(Exception):
    """Somebody else listens on a port that was asked for."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    data_dir: Path
    host: str
    port: int
    preview_port: int
    public_url: str
    redis_url: str  # empty: the embedded one
    ready_file: Path | None
    worker_threads: int
    demo: bool = False

    @property
    def places(self) -> Places:
        return Places(self.data_dir)

    @property
    def address(self) -> tuple[str, int]:
        """Where this machine reaches the web process, whatever its public name is."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (only translated)
        return anywhere.get(self.host, self.host), self.port

    def environment(self) -> dict[str, str]:
        """The environment of our own programs, so that all agree on what was decided here."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "orchestrator.config.settings",
            "BAKEOFF_DATA_DIR": str(self.data_dir),
            "BAKEOFF_PORT": str(self.port),
            "BAKEOFF_PREVIEW_PORT": str(self.preview_port),
            "BAKEOFF_PUBLIC_URL": self.public_url,
            "REDIS_URL": self.redis_url or f"unix://{self.places.redis_socket}",
            "PYTHONUNBUFFERED": "1",
        }

    def redis(self) -> Program:
        places = self.places
        return Program(
            name="redis",
            argv=valkey.server_argv(
                server=valkey.server_find(),
                socket_path=places.redis_socket,
                directory=places.redis_dir,
            ),
            env=self.environment(),
            log=places.logs / "redis.log",
            death_signal=signal.SIGTERM,
            stop_within_s=3.0,
        )

    def web(self) -> Program:
        return self._python(
            "web",
            "uvicorn",
            "orchestrator.config.asgi:application",
            f"--host={self.host}",
            f"--port={self.port}",
            "--ws=websockets-sansio",
            "--ws-max-size=1048576",
            "--lifespan=on",
            "--timeout-graceful-shutdown=3",
            "--no-access-log",
            "--no-server-header",
            "--log-level=warning",
        )

    def worker(self) -> Program:
        return self._python(
            "worker",
            "celery",
            "--quiet",
            "--app=orchestrator.config.celery",
            "worker",
            "--beat",
            "--pool=threads",
            f"--concurrency={self.worker_threads}",
            "--queues=runs,work",
            "--hostname=bakeoff@%h",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
        )

    def manage(self, *args: str) -> list[str]:
        return [sys.executable, str(CODE_DIR / "manage.py"), *args]

    def _python(self, name: str, module: str, *args: str) -> Program:
        return Program(
            name=name,
            argv=[sys.executable, "-m", module, *args],
            env=self.environment(),
            log=self.places.logs / f"{name}.log",
        )


def port_choose(host: str, *, asked: int | None, default: int, taken: Sequence[int] = ()) -> int:
    """The port that was asked for, which must be free; else the first free one from the default on."""
    if asked is not None:
        if not port_free(host, asked):
            raise PortBusyError(
                f"Port {asked} on {host} is in use by another program. Choose another one."
            )
        return asked
    for port in range(default, default + 200, 10):
        if port not in taken and port_free(host, port):
            return port
    raise PortBusyError(f"No free port was found from {default} on. Choose one with --port.")
