"""Asking our own programs whether they are well, by real answers. Small on purpose: no client library."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def redis_answers(socket_path: Path) -> bool:
    """Does a server answer PING there? One that still loads its file does not."""
    try:
        async with asyncio.timeout(1.0):
            return await _ask(*await asyncio.open_unix_connection(socket_path), b"PING\r\n") == (
                b"+PONG\r\n"
            )
    except (OSError, TimeoutError):
        return False


async def http_status(
    address: tuple[str, int], path: str, *, headers: dict[str, str], timeout_s: float = 5.0
) -> int:
    """The status of a GET; 0 if there is no answer."""
    lines = [f"GET {path} HTTP/1.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    try:
        async with asyncio.timeout(timeout_s):
            status = await _ask(*await asyncio.open_connection(*address), request)
    except (OSError, TimeoutError):
        return 0
    words = status.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> bytes:
    """Send; return the first line of the answer."""
    try:
        writer.write(text)
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
