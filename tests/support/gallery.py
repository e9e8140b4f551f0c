"""A project with tasks in which everything that pages show has happened: for tests that open all pages."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.installation import Installation, eventually, git


def _png(red: int, blue: int, *, size: int = 96) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(
        b"\0" + b"".join(bytes((red, (x ^ y) & 255, blue)) for x in range(size))
        for y in range(size)
    )
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _notebook(source: str, output: str) -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# How often\n", "It is *called*."]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "source": [source],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": [output]}],
        },
    ]
    kernel = {"kernelspec": {"language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def _function(number: int) -> str:
    return (
        f"def limit_{number}(key, window={number}):\n"
        f'    """Say whether `key` may go on."""\n'
        f"    count = store.incr(key)  # {number} a second\n"
        f"    if count > {number}:\n"
        f'        raise TooMany(f"{{key}}: {{count}}")\n'
        f"    return count\n\n\n"
    )


FILES: dict[str, bytes] = {
    "atlas/limits.py": (
        "import os\nimport sys\n\n\n" + "".join(_function(n) for n in range(1, 31))
    ).encode(),
    "atlas/settings.py": "".join(f"SETTING_{n} = {n}\n" for n in range(60)).encode(),
    "atlas/api/routes.py": "".join(_function(n) for n in range(1, 9)).encode(),
    "docs/guide.md": (
        b"# Guide\n\nHow to call it.\n\n- by key\n- by plan\n\n"
        b"| plan | limit |\n|---|---|\n| free | 60 |\n"
    ),
    "docs/counts.ipynb": _notebook("print(sum(range(10)))\n", "45\n").encode(),
    "img/logo.png": _png(200, 40),
    "package-lock.json": json.dumps({"packages": {str(n): n for n in range(400)}}, indent=1).encode(),
    "old.txt": b"nobody needs this\n" * 5,
    "tool.sh": b"#!/bin/sh\necho tool\n",
    "README.md": b"# Atlas\n",
}  # fmt: skip

# What the letter that it works for is asked for, by its own hand: shared, unique and contradictory places,
# a new file, an image, a notebook, a deleted file, a renamed one, a lock file. A message may change its mind.
PAINTER = r'''
import json, pathlib, sys
told, me = sys.stdin.read(), pathlib.Path.cwd().name
HERE = pathlib.Path(".")
def change(path, *pairs):
    text = (HERE / path).read_text()
    for old, new in pairs:
        assert old in text, (path, old)
        text = text.replace(old, new, 1)
    (HERE / path).write_text(text)
    print("wrote", path, flush=True)
n = ord(me) - 64
if "Too strict" in told:
    change("atlas/limits.py", (f"limit_3(key, window={n}0)", "limit_3(key, window=3600)"))
    print("Made the window longer.")
    raise SystemExit
print("Reads what is there, then changes it.")
change("atlas/limits.py",
    ("limit_3(key, window=3)", f"limit_3(key, window={n}0)"),
    ("count > 12:", "count >= 12:"),
    ("    return count\n\n\ndef limit_21", "    log(count)\n    return count\n\n\ndef limit_21"))
if me in "AC":
    change("atlas/settings.py", ("SETTING_7 = 7", f"SETTING_7 = 70  # as {me} has it"))
    change("docs/guide.md", ("How to call it.", f"How to call it, says {me}."), ("| free | 60 |", "| free | 90 |"))
    (HERE / "docs/counts.ipynb").write_text(%NOTEBOOK%)
if me in "BD":
    (HERE / "img/logo.png").write_bytes(bytes.fromhex("%PNG%"))
    (HERE / "old.txt").unlink()
    (HERE / "tool.sh").rename("atlas/tool.sh")
if me == "B":
    lock = {"packages": {str(k): k * 2 for k in range(900)}}
    (HERE / "package-lock.json").write_text(json.dumps(lock, indent=1))
if me != "D":
    limiter = HERE / "atlas/limiter.py"
    limiter.write_text("import os\n\n\nclass Limiter:\n    def __init__(self, size):\n        self.size = size\n\n"
        f"    def hit(self):\n        return {me!r}\n")
    remark = "# a long remark that needs more room than there is " * 5
    change("atlas/api/routes.py", ("    if count > 5:", f"    if count > 5 * {n}:  {remark}"))
print("Done: every `/v1` endpoint counts.")
'''.replace("%NOTEBOOK%", repr(_notebook("print(sum(range(20)))\n", "190\n"))).replace(
    "%PNG%", _png(20, 220).hex()
)  # fmt: skip

SPEC = """\
Count requests per API key on every `/v1` endpoint.

## Must
- Free plans get 60 a minute.
- Answer `429` with `Retry-After`.

[[plan Read the routes;Write the limiter;Try it]] [[think Where are keys checked?]]
[[say I will look at the **routes** first]] [[read atlas/api/routes.py]]
[[edit atlas/limits.py|limit_3(key, window=3)|limit_3(key, window=50)]]
[[bash echo tried]] [[write atlas/limiter.py|import os\\n\\nlimit = 5\\n]] [[ask rm -rf build]] [[final Done]]
"""


@dataclass(frozen=True)
class Gallery:
    """`main`: A to D have answered, E asks, F is composed of A and B. `alone`: one variant, which failed."""

    origin: str
    project: int
    main: int
    alone: int
    agent: str

    def url(self, rest: str = "") -> str:
        return f"{self.origin}/tasks/{self.main}{rest}"


def repository_make(path: Path) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    for name, data in FILES.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path


def gallery_make(installation: Installation, root: Path) -> Gallery:
    project = installation.project(repository_make(root / "atlas"), name="atlas")
    painter = root / "painter.py"
    painter.write_text(PAINTER)
    command = [sys.executable, str(painter)]
    agent = installation.agent("painter", adapter="command", command=command)
    asking = installation.agent("asks first", adapter="demo", permission_mode="ask")
    failing = installation.agent("fails", adapter="command", command=["sh", "-c", "exit 3"])
    variants = [{"agent": agent, "strategy": f"As {letter} would"} for letter in "ABCD"]
    main = installation.task(
        project,
        SPEC,
        title="Add rate limiting to the public API",
        rubric="- Small\n- Its tests say what it promises\n",
        variants=[*variants, {"agent": asking}],
    )["id"]
    alone = installation.task(project, "Does nothing.", failing, title="Nothing yet")["id"]

    def settled() -> bool:
        runs = {run["variant"]: run["state"] for run in _runs(installation, main)}
        return [runs[letter] for letter in "ABCDE"] == ["succeeded"] * 4 + ["waiting"]

    eventually(settled, timeout_s=180, what="A to D to end and E to ask")
    _comments(installation, main)
    installation.post(
        f"tasks/{main}/compose",
        {
            "picks": [
                {"variant": "A"},
                {"variant": "B", "path": "img/logo.png"},
                {"variant": "B", "path": "atlas/api/routes.py"},
            ],
            "why": "The limits of A, the picture of B",
        },
    )
    installation.wait_ended(alone)
    return Gallery(installation.url, project, main, alone, agent)


def _runs(installation: Installation, task: int) -> list[dict[str, Any]]:
    variants = installation.get(f"tasks/{task}")["variants"]
    return [run | {"variant": variant["letter"]} for variant in variants for run in variant["runs"]]


def _comments(installation: Installation, task: int) -> None:
    """An outdated thread that was sent to A, one with a reply and a suggestion, a draft, one on all of B."""

    def write(**fields: Any) -> int:
        made: int = installation.post(f"tasks/{task}/comments", fields)["id"]
        return made

    limits = {"path": "atlas/limits.py", "side": "A"}
    line = 4 + 2 * 8 + 1
    strict = write(body="Too strict, I think", start_line=line, end_line=line, **limits)
    installation.post(f"tasks/{task}/comments/send", {"comments": [strict], "variants": ["A"]})

    def changed() -> bool:
        states = [r["state"] for r in _runs(installation, task) if r["variant"] == "A"]
        return states == ["succeeded"] * 2

    eventually(changed, timeout_s=180, what="A to have followed up")
    open_one = write(
        body="Why `>=`? See **RFC 6585**.\n\n```\n429 Too Many Requests\n```",
        start_line=4 + 11 * 8 + 4,
        end_line=4 + 11 * 8 + 5,
        suggestion="    if count > 12:  # as it was\n        raise TooMany(key)\n",
        **limits,
    )
    write(body="Because the count begins at one", thread=open_one)
    write(body="Still to be thought about", state="draft", start_line=2, end_line=3, **limits)
    write(body="This file is not needed", path="atlas/limiter.py", side="A")
    done = write(body="Please say which plan", about="variant", side="B")
    installation.call("PATCH", f"comments/{done}", {"state": "resolved"})
