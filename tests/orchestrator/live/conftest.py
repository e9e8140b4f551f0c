from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.contrib.auth.models import User
from pytest_django import Settings

from orchestrator.lib.redis import redis_client
from orchestrator.models import Run
from orchestrator.services.access import token_issue
from tests.support.live import Web, eventually, run_make
from tests.support.valkey import Valkey


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


@pytest.fixture
def web(user: User, valkey: Valkey, media: Path, settings: Settings) -> Iterator[Web]:
    from orchestrator.routing import websocket_urlpatterns

    app = ProtocolTypeRouter({"websocket": URLRouter(websocket_urlpatterns)})
    config = uvicorn.Config(
        app, port=0, ws="websockets-sansio", lifespan="off", log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings.BAKEOFF_PUBLIC_URL = f"http://localhost:{port}"
    yield Web(port, token_issue(user=user, name="test"), f"http://localhost:{port}")
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
