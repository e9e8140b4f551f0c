"""Does something listen, and does it answer HTTP? Loopback only."""

from __future__ import annotations

import http.client

from orchestrator.lib.ports import port_free

HOST = "127.0.0.1"
ANSWER_TIMEOUT_S = 5.0


def preview_port_free(port: int) -> bool:
    """Can an app listen there now, on loopback or on all addresses? Either would collide."""
    return port_free(HOST, port) and port_free("", port)


def answers_http(port: int, path: str) -> bool:
    """Any HTTP answer counts, an error page too: the app is there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
