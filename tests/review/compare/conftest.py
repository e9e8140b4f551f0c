from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from pytest_django import Settings

from agents.models import AgentProfile
from orchestrator.git.hub import hub_create
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Project, Spec, Task, Variant
from orchestrator.states import LETTERS
from tests.support.live import eventually
from tests.support.repositories import plain_git

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

EXPECT_MS = 60_000  # a busy machine is no fault of what is tested

BASE = {
    "app/area.py": "".join(f"def area_{n}(side):\n    return side * {n}\n\n\n" for n in range(40)),
    "README.md": "# Areas\n",
    "gone.txt": "bye\n",
    "old name.txt": "one\ntwo\nthree\nfour\nfive\n",
    "same.txt": "same\n",
}
ODD_NAME = "<b>\"it's&</b>\n.txt"
A = {
    **BASE,
    "app/area.py": BASE["app/area.py"].replace("side * 20", "side * side * 20"),
    "app/new.py": "print('</script><img src=x onerror=alert(1)>')\n",
    "package-lock.json": "{}\n",
    ODD_NAME: "odd\n",
    os.fsdecode(b"bytes-\xff.txt"): "bytes\n",
    "new name.txt": "one\ntwo\nthree\nfour\nfive\n",
}
del A["gone.txt"], A["old name.txt"]
B = {**A, "app/area.py": BASE["app/area.py"].replace("side * 20", "20 * side")}


@dataclass(frozen=True)
class World:
    """A task of three variants: two answers, and one that did nothing yet."""

    task: Task
    user: User
    base: str
    heads: dict[str, str]
    origin: Path

    def url(self, rest: str = "") -> str:
        return f"/tasks/{self.task.pk}/{rest}"

    def commit(self, letter: str, change: Callable[[dict[str, str]], None]) -> str:
        """Let a variant have a newer head, as a snapshot would."""
        files = dict({"A": A, "B": B}[letter])
        change(files)
        plain_git(self.origin, "checkout", "-q", letter)
        head = _commit(self.origin, files)
        plain_git(hub_dir(self.task.project_id), "fetch", "-q", str(self.origin), letter)
        self.task.variants.filter(letter=letter).update(head_commit=head)
        return head

    def crowd(self, last: str) -> None:
        """More variants, up to that letter: one has what A has by now, the next what B has."""
        heads = dict(self.task.variants.values_list("letter", "head_commit"))
        first = self.task.variants.count()
        for position in range(first, LETTERS.index(last) + 1):
            variant_make(self.task, position, heads["AB"[position % 2]])


def variant_make(task: Task, position: int, head: str) -> Variant:
    letter = LETTERS[position]
    return Variant.objects.create(
        task=task,
        position=position,
        letter=letter,
        agent=AgentProfile.objects.get(),
        branch=f"bakeoff/{task.pk}/{letter}",
        head_commit=head,
    )


def _commit(origin: Path, files: dict[str, str]) -> str:
    plain_git(origin, "rm", "-rqf", "--ignore-unmatch", ".")
    for name, text in files.items():
        path = origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plain_git(origin, "add", "-A")
    plain_git(origin, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")
    return plain_git(origin, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, str]]:
    path = tmp_path_factory.mktemp("compare") / "origin"
    path.mkdir()
    plain_git(path, "init", "-q", "-b", "main")
    base = _commit(path, BASE)
    heads = {}
    for letter, files in (("A", A), ("B", B)):
        plain_git(path, "checkout", "-q", "-b", letter, "main")
        heads[letter] = _commit(path, files)
    return path, base, heads


@pytest.fixture
def world(
    db: None,
    settings: Settings,
    tmp_path: Path,
    origin: tuple[Path, str, dict[str, str]],
) -> World:
    settings.BAKEOFF_DATA_DIR = tmp_path
    path = tmp_path / "origin"
    shutil.copytree(origin[0], path, symlinks=True)
    user = User.objects.create_user("ada", password="of the tests")
    project = Project.objects.create(
        name="areas", source=str(path), default_branch="main", state="ready"
    )
    hub_create(hub=hub_dir(project.pk), source=str(path))
    spec = Spec.objects.create(text="x", sha256="0" * 64, base_branch="main", base_commit=origin[1])
    task = Task.objects.create(project=project, spec=spec, title="Areas of <all> kinds")
    AgentProfile.objects.create(name="scripted one", adapter="demo")
    for position, letter in enumerate("ABC"):
        variant_make(task, position, origin[2].get(letter, ""))
    return World(task, user, origin[1], origin[2], path)


@pytest.fixture
def reader(world: World) -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(world.user)
    return client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for an async caller.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=EXPECT_MS)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"], timeout=EXPECT_MS
        )
        yield browser
        browser.close()


@dataclass
class Halves:
    """Answers of which only the first half comes, until the test is over."""

    of: str = ""  # whose path ends with this
    end: Event = field(default_factory=Event)

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            whole = app(environ, start_response)
            if not self.of or not environ["PATH_INFO"].endswith(self.of):
                return whole
            return self.half(b"".join(whole))

        return answer

    def half(self, body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        self.end.wait()


@pytest.fixture
def halves() -> Halves:
    return Halves()


@pytest.fixture
def page(
    transactional_db: None,
    world: World,
    reader: Client,
    settings: Settings,
    chromium: Browser,
    halves: Halves,
) -> Iterator[Page]:
    """A signed-in browser page on a real server of this process; errors on it fail the test."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    server = make_server(
        "127.0.0.1", 0, get_wsgi_application(), server_class=Threaded, handler_class=Quiet
    )
    settings.BAKEOFF_PUBLIC_URL = f"http://localhost:{server.server_port}"
    server.set_app(halves.wrap(without_socket(get_wsgi_application())))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = chromium.new_context(
        base_url=settings.BAKEOFF_PUBLIC_URL, viewport={"width": 1280, "height": 800}
    )
    session = reader.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies(
        [{"name": session.key, "value": session.value, "url": settings.BAKEOFF_PUBLIC_URL}]
    )
    context.set_default_timeout(EXPECT_MS)
    errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    halves.end.set()
    server.shutdown()
    server.server_close()
    thread.join(10)
    server.answered()
    assert errors == []


def changed(page: Page, world: World) -> None:
    """What the socket tells the page when something of the task has changed."""
    page.evaluate(f"document.dispatchEvent(new CustomEvent('live:task:{world.task.pk}'))")


def settled(page: Page) -> None:
    """Lines that came into the window have the height they keep: it is guessed until they are drawn."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def move_to_the_end(page: Page, line: Locator) -> None:
    """Moves long lines that are not wrapped sideways, until the end of the longest is in sight: this line's."""
    bar = page.get_by_role("scrollbar", name="Move the lines sideways")
    bar.evaluate("bar => { bar.scrollLeft = bar.scrollWidth; }")
    moved = (
        "cell => parseFloat(cell.closest('diff-view, diff-columns').style.getPropertyValue('--x'))"
    )
    eventually(lambda: line.evaluate(moved) > 200)
    right_end = """cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect().right <= cell.getBoundingClientRect().right;
    }"""
    assert line.evaluate(right_end), "the end of the longest line is in sight"


def without_socket(app: WSGIApplication) -> WSGIApplication:
    """Keeps waiting who asks for the live socket, until they go. A page that is refused asks by itself whether anything
    has changed, at moments that no test knows: here it hears only of the changes that a test tells it.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/ws/live":
            environ["wsgi.input"].read(1)  # they say nothing before they are let in
        return app(environ, start_response)

    return answer


class Threaded(ThreadingMixIn, WSGIServer):
    request_queue_size = 64
    answering: tuple[Thread, ...] = ()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self.answering = (*(one for one in self.answering if one.is_alive()), thread)
        thread.start()

    def answered(self) -> None:
        """What was asked last may still be read and written: not while the next test has the database."""
        for thread in self.answering:
            thread.join(10)


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return
