"""Where sockets lead to."""

from __future__ import annotations

from django.urls import path, re_path

from orchestrator.consumers import LiveConsumer, NoSuchSocket

websocket_urlpatterns = [
    path("ws/live", LiveConsumer.as_asgi()),
    re_path("", NoSuchSocket.as_asgi()),  # refused; without it the router raises
]
