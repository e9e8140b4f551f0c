"""The web process: pages and API by Django, sockets by Channels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")
# Static files are read whole, one by one; they are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume", category=Warning)
django_application = get_asgi_application()

# The rest needs the apps to be ready.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from orchestrator.lib.http import socket_host_allowed  # noqa: E402
from orchestrator.routing import websocket_urlpatterns  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def lifespan(scope: Message, receive: Receive, send: Send) -> None:
    """Say yes to the server's start and end: nothing here has to be opened before the first request."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": socket_host_allowed(URLRouter(websocket_urlpatterns)),
        "lifespan": lifespan,
    }
)
