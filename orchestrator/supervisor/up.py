"""`bakeoff up`: start everything in order, keep it running, end it in order.

Knows no Django: what needs the database is done by short-lived `manage.py` processes, so that this one
stays small and nothing that happens there can take it down.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agents.bundle import Bundle
from orchestrator.lib.disk import ROOM_MIN_BYTES, room_bytes
from orchestrator.lib.processes import start_ticks
from orchestrator.supervisor.child import Child, Program, log_tail, spawn
from orchestrator.supervisor.lock import ProcessTable, data_dir_lock, leftovers_end
from orchestrator.supervisor.options import UpOptions, port_choose
from orchestrator.supervisor.places import write_whole
from orchestrator.supervisor.probe import http_status, redis_answers
from orchestrator.supervisor.pulse import pulse_read
from orchestrator.supervisor.service import Service, StartError
from orchestrator.supervisor.silence import Silence
from orchestrator.supervisor.valkey import NoRedisError

Say = Callable[[str], None]
SETTLE_S = 20.0  # after Redis was away the worker needs a while to come back by itself


@dataclass(frozen=True, slots=True)
class Prepared:
    token: str
    login_code: str


def up(options: UpOptions, *, ports_asked: tuple[int | None, int | None], say: Say) -> int:
    """Run until a signal says stop; the exit code."""
    options.places.ensure()
    if options.ready_file and not options.ready_file.parent.is_dir():
        raise NotADirectoryError(f"{options.ready_file}: its directory does not exist.")
    with data_dir_lock(options.places):
        for entry in leftovers_end(options.places):
            say(f"Ended {entry.name} (pid {entry.pid}), left over from an `up` that was killed.")
        port = port_choose(options.host, asked=ports_asked[0], default=8000)
        preview_port = port_choose(
            options.host, asked=ports_asked[1], default=port + 1, taken=[port]
        )
        public_url = options.public_url or f"http://localhost:{port}"
        options = replace(options, port=port, preview_port=preview_port, public_url=public_url)
        return asyncio.run(Supervisor(options, say).run())


class Supervisor:
    def __init__(self, options: UpOptions, say: Say) -> None:
        self.options = options
        self.places = options.places
        self.say = say
        self.table = ProcessTable(self.places)
        self.stopping = asyncio.Event()
        self.prepared: Prepared | None = None
        self.redis_since = time.monotonic()
        self.redis: Service | None = None
        self.web: Service | None = None
        self.worker: Service | None = None
        self.helpers: set[Child] = set()
        self.tasks: list[asyncio.Task[None]] = []

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        signals = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
            signals.append(signal.SIGHUP)
        for sig in signals:
            loop.add_signal_handler(sig, self._on_signal)
        self._files_remove()
        self.table.clear()
        self.table.put("supervisor", os.getpid(), start_ticks(os.getpid()))
        stopping = asyncio.create_task(self.stopping.wait())
        self.tasks.append(asyncio.create_task(self._start()))
        try:
            while not stopping.done():
                waiting = [stopping, *(task for task in self.tasks if not task.done())]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in self.tasks:
                    if task.done():
                        task.result()  # raises what ended it
        except (StartError, NoRedisError) as exc:
            self.say(f"Bakeoff cannot go on: {exc}")
            if room_bytes(self.options.data_dir) < ROOM_MIN_BYTES:  # nor could the log say so
                self.say(
                    f"The disk of {self.options.data_dir} is full. Make room, then start again."
                )
            return 1
        finally:
            stopping.cancel()
            await self._end()
        return 0

    @property
    def services(self) -> list[Service]:
        return [service for service in (self.web, self.worker, self.redis) if service]

    def _on_signal(self) -> None:
        if self.stopping.is_set():  # asked twice: at once
            for service in self.services:
                service.kill()
            for child in self.helpers:
                child.kill()
        self.stopping.set()

    # --- starting ---------------------------------------------------------------------------------

    async def _start(self) -> None:
        if not self.options.redis_url:
            self.say("Starting Redis (Valkey) …")
            self.redis = self._run(self._redis())
        self.say("Preparing the database and static files …")
        answer = json.loads(await self._manage("prepare"))
        prepared = Prepared(token=answer["token"], login_code=answer["login_code"])
        if self.redis:
            await self.redis.is_ready.wait()
        self.say("Starting the web server and the worker …")
        self.places.pulse.unlink(missing_ok=True)
        self.web = self._run(self._web(prepared))
        self.worker = self._run(self._worker())
        await self.web.is_ready.wait()
        await self.worker.is_ready.wait()
        page = ""
        if self.options.demo:
            self.say("Making the demo's repository and its task …")
            page = json.loads(await self._manage("demo_seed"))["path"]
        self._files_write(prepared)
        self._say_ready(prepared, page)

    def _run(self, service: Service) -> Service:
        self.tasks.append(asyncio.create_task(service.run()))
        return service

    def _redis(self) -> Service:
        def program() -> Program:
            self.redis_since = time.monotonic()
            self.places.redis_socket.unlink(missing_ok=True)
            return self.options.redis()

        return Service(
            program,
            table=self.table,
            say=self.say,
            ready=lambda _: redis_answers(self.places.redis_socket),
            ready_within_s=120,  # it may have a long file to read
        )

    def _web(self, prepared: Prepared) -> Service:
        headers = {
            "Host": self.options.public_url.partition("://")[2],
            "Authorization": f"Bearer {prepared.token}",
            "X-Forwarded-Proto": self.options.public_url.partition("://")[0],
        }

        async def ready(_: Child) -> bool:
            path = "/api/v1/projects"
            status = await http_status(self.options.address, path, headers=headers)
            return status in (200, 507)  # 507: it would, if the disk were not full

        async def answers(timeout_s: float) -> bool:
            # Without a session: what is asked here waits for no database.
            host = {"Host": headers["Host"]}
            address = self.options.address
            return await http_status(address, "/login", headers=host, timeout_s=timeout_s) != 0

        return Service(
            self.options.web,
            table=self.table,
            say=self.say,
            ready=ready,
            ready_within_s=60,
            sick=Silence(answers).sick,
        )

    def _worker(self) -> Service:
        async def ready(child: Child) -> bool:
            state = pulse_read(self.places.pulse)
            return state is not None and state.pid == child.pid

        async def sick(child: Child) -> str:
            now = time.monotonic()
            if self.redis and not (
                self.redis.is_ready.is_set() and now - self.redis_since > SETTLE_S
            ):
                return ""  # nobody can consume while there is nothing to consume from
            state = pulse_read(self.places.pulse)
            why = state.stale(now) if state and state.pid == child.pid else ""
            if why and self.redis and not await redis_answers(self.places.redis_socket):
                self.redis_since = now  # it lives but takes nothing: its disk is full
                return ""
            return why

        return Service(
            self.options.worker,
            table=self.table,
            say=self.say,
            ready=ready,
            ready_within_s=60,
            sick=sick,
        )

    async def _manage(self, command: str, *, within_s: float = 600) -> str:
        """Run a management command of ours; its standard output."""
        log = self.places.logs / "manage.log"
        argv = self.options.manage(command)
        child = spawn(
            Program(name=command, argv=argv, env=self.options.environment(), log=log), capture=True
        )
        self.helpers.add(child)
        self.table.put(command, child.pid, child.started)
        try:
            output = await asyncio.wait_for(child.output(), within_s)
        finally:
            child.kill()
            self.helpers.discard(child)
        if child.code != 0:
            raise StartError(f"“{command}” failed.\n{log_tail(log)}")
        return output

    # --- what others read -------------------------------------------------------------------------

    def _about(self) -> dict[str, str | int]:
        return {
            "url": self.options.public_url,
            "preview_url": f"http://127.0.0.1:{self.options.preview_port}",
            "pid": os.getpid(),
        }

    def _files_write(self, prepared: Prepared) -> None:
        write_whole(self.places.state, json.dumps(self._about()))
        if self.options.ready_file:
            content = self._about() | {"token": prepared.token}
            write_whole(self.options.ready_file, json.dumps(content))

    def _files_remove(self) -> None:
        self.places.state.unlink(missing_ok=True)
        if self.options.ready_file:
            self.options.ready_file.unlink(missing_ok=True)

    def _say_ready(self, prepared: Prepared, page: str) -> None:
        link = f"{self.options.public_url}/login?code={prepared.login_code}"
        if page:
            link += f"&next={page}"
        self.say("")
        self.say("Bakeoff is ready. Open this link in your browser; it signs you in once:")
        self.say("")
        self.say(f"  {link}")
        self.say("")
        self.say(f"Data: {self.options.data_dir}   Logs: {self.places.logs}")
        if self.options.demo:
            self.say("The demo agent is scripted: no model is used. Ctrl-C ends the demo.")
        else:
            self.say("Ctrl-C ends this; runs and previews go on. “bakeoff stop” ends everything.")

    # --- ending -----------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Within about ten seconds. Shims are not ours to end, except the demo's."""
        self._files_remove()
        self.tasks[0].cancel()  # the start, if it is not through
        for child in self.helpers:
            child.kill()
        if shims_alive(self.options.data_dir):
            await (self._runs_end() if self.options.demo else self._say_going_on())
        await asyncio.gather(*(service.stop() for service in (self.web, self.worker) if service))
        if self.redis:
            await self.redis.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.table.clear()

    async def _say_going_on(self) -> None:
        try:
            self.say((await self._manage("going_on", within_s=6)).rstrip())
        except (StartError, TimeoutError):
            count = len(shims_alive(self.options.data_dir))
            self.say(f"{count} runs or previews go on in the background.")

    async def _runs_end(self) -> None:
        """First in their own way, with the worker's help; what that leaves at once."""
        self.say("Ending the demo's runs and previews …")
        with suppress(StartError, TimeoutError):
            self.say((await self._manage("stop_all", within_s=10)).rstrip())
        shims_kill(self.options.data_dir)


def shims_alive(data_dir: Path) -> list[Bundle]:
    """The bundles in the data dir whose shim runs."""
    bundles = map(Bundle, sorted((data_dir / "bundles").glob("[0-9a-f]*")))
    return [b for b in bundles if not b.exit_path.exists() and b.shim_alive()]


def shims_kill(data_dir: Path) -> None:
    for bundle in shims_alive(data_dir):
        try:
            bundle.control("kill", id="supervisor-kill")
        except OSError:  # a full disk takes no more words
            bundle.terminate()
