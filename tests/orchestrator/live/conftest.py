from __future__ import annotations

import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.urls import path, re_path
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings

from orchestrator.lib.redis import redis_client
from orchestrator.models import Run
from orchestrator.routing import websocket_urlpatterns
from orchestrator.services.access import token_issue
from tests.support.live import Web, eventually, run_make
from tests.support.valkey import Valkey

HARNESS = """<!doctype html><html lang="en"><head><title>t</title>
<link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/parts.css"><link rel="stylesheet" href="/static/css/run.css">
<link rel="stylesheet" href="/static/css/diff.css">
<link rel="stylesheet" href="/static/css/transcript.css">
<script type="module" src="/static/js/live.js"></script>
<script type="module" src="/static/js/transcript.js"></script></head>
<body data-live-topics="home" data-icons="/static/img/icons.svg">
<div class="duo v v-c" style="height:800px"><section class="left"><div class="log" tabindex="0">
<section class="run"><run-transcript run="RUN" last="LAST"></run-transcript></section>
</div></section><section></section></div></body></html>"""


@pytest.fixture
def valkey(settings: Settings) -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="vk") as short:  # a socket's path must be short
        server = Valkey(Path(short))
        server.start()
        settings.REDIS_URL = server.url
        yield server
        redis_client().close()
        server.kill()


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def run_id(valkey: Valkey, media: Path) -> str:
    return uuid.uuid4().hex


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def run(user: User, valkey: Valkey, media: Path) -> Run:
    return run_make(user)


async def harness(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A page with nothing but one transcript."""
    run, _, last = scope["query_string"].decode().partition("&last=")
    body = HARNESS.replace("RUN", run).replace("LAST", last or "0").encode()
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def web(user: User, valkey: Valkey, media: Path, settings: Settings) -> Iterator[Web]:
    """A web process' doors, served by uvicorn in a thread: pages, API and sockets."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings.BAKEOFF_PUBLIC_URL = f"http://localhost:{port}"
    app = ProtocolTypeRouter(
        {
            "http": URLRouter(
                [
                    # Chromium lets only a page that came from this address open a socket to it.
                    path("harness", cast(Any, harness)),
                    re_path("", cast(Any, get_asgi_application())),
                ]
            ),
            "websocket": URLRouter(websocket_urlpatterns),
        }
    )
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield Web(port, token_issue(user=user, name="test"), f"http://localhost:{port}")
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()
    listener.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for an async caller.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield browser
        browser.close()
