"""Files of a bundle: written whole or not at all. Standard library only."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def directory_sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def replace(path: str, data: dict[str, Any]) -> None:
    """Write JSON under a name of its own, then rename: a reader sees the old file or the new."""
    temporary = f"{path}.{os.getpid()}.new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            write_all(fd, json.dumps(data).encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory_sync(os.path.dirname(path))


def read(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        data = json.load(file)
    if not isinstance(data, dict):
        raise ValueError(f"{path} does not hold an object")
    return data


def scrub(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec without what may be secret: values of environments, and prompts."""
    steps = [{**step, "env": dict.fromkeys(step["env"], ""), "stdin": ""} for step in spec["steps"]]
    return {**spec, "steps": steps}
