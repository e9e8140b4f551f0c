"""Does something listen, and does it answer HTTP? Loopback only."""

from __future__ import annotations

import http.client
import socket

HOST = "127.0.0.1"
ANSWER_TIMEOUT_S = 5.0


def port_free(port: int) -> bool:
    """Can a server bind this port now? (On loopback and on all addresses: either would collide.)"""
    for address in (HOST, ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


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
