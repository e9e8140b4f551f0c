"""The small web apps that the demo agent writes: real programs, one per framework."""

from __future__ import annotations

from typing import NamedTuple

PAGE = '''"""The page that the app shows."""

from __future__ import annotations

import html
import platform

GREETING = "Hello, world"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{greeting}</title>
<style>
:root {
  color-scheme: light dark;
  --accent: {accent};
  --ink: light-dark(#1d2330, #e8ebf2);
  --soft: light-dark(#5b6475, #9aa4b8);
  --line: light-dark(#dfe3ea, #2e3543);
}
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center;
  color: var(--ink); background: light-dark(#f3f5f9, #12161e); font: 16px/1.5 system-ui, sans-serif;
}
main {
  box-sizing: border-box; width: min(34rem, calc(100vw - 2rem)); padding: 2.25rem 2.5rem;
  background: light-dark(#ffffff, #1b202b); border: 1px solid var(--line);
  border-top: 4px solid var(--accent); border-radius: 12px;
}
h1 { margin: 0 0 .25rem; font-size: 2.25rem; letter-spacing: -.02em; }
p { margin: 0; color: var(--soft); }
dl {
  display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem;
  margin: 1.75rem 0 0; padding-top: 1.25rem; border-top: 1px solid var(--line);
}
dt { color: var(--soft); }
dd { margin: 0; font-weight: 600; }
a { color: inherit; text-decoration-color: var(--accent); text-underline-offset: .2em; }
</style>
</head>
<body>
<main>
<h1>{greeting}</h1>
<p>A small web app, served by {framework}.</p>
<dl>
<dt>Framework</dt><dd>{framework} {version}</dd>
<dt>Python</dt><dd>{python}</dd>
<dt>Health</dt><dd><a href="health">/health</a></dd>
</dl>
</main>
</body>
</html>
"""


def render(*, framework: str, version: str, accent: str) -> str:
    values = {
        "greeting": GREETING,
        "framework": framework,
        "version": version,
        "accent": accent,
        "python": platform.python_version(),
    }
    page = PAGE
    for name, value in values.items():
        page = page.replace("{" + name + "}", html.escape(value))
    return page
'''

FLASK = '''"""A hello-world web app on Flask."""

from __future__ import annotations

import os
from importlib.metadata import version

from flask import Flask

from page import render

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return render(framework="Flask", version=version("flask"), accent="#2a9d8f")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "framework": "Flask"}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=5000)
'''

FASTAPI = '''"""A hello-world web app on FastAPI."""

from __future__ import annotations

import os
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from page import render

app = FastAPI(title="Hello")


@app.get("/", response_class=HTMLResponse)
def home() -> str:
    return render(framework="FastAPI", version=version("fastapi"), accent="#6c5ce7")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "framework": "FastAPI"}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=5000)
'''

STDLIB = '''"""A hello-world web app on the standard library alone."""

from __future__ import annotations

import json
import os
import platform
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from page import render


def home() -> str:
    return render(framework="http.server", version=platform.python_version(), accent="#4b6fb5")


def health() -> dict[str, str]:
    return {"status": "ok", "framework": "http.server"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        match self.path.split("?")[0]:
            case "/":
                self.answer(200, "text/html; charset=utf-8", home())
            case "/health":
                self.answer(200, "application/json", json.dumps(health()))
            case _:
                self.answer(404, "text/plain; charset=utf-8", "Not found")

    def answer(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 5000), Handler).serve_forever()
'''

TESTS = '''"""Run with: python -m unittest discover tests"""

from __future__ import annotations

import unittest

import app
import page


class AppTest(unittest.TestCase):
    def test_home_greets_and_names_its_framework(self) -> None:
        text = app.home()
        self.assertIn(page.GREETING, text)
        self.assertIn("{framework}", text)

    def test_health(self) -> None:
        self.assertEqual(app.health()["status"], "ok")


if __name__ == "__main__":
    unittest.main()
'''

README = """# Hello

A small web app on {framework}. It shows a greeting at `/` and answers `/health` with JSON.

```
python -m venv .venv
.venv/bin/pip install -r requirements.txt
PORT=8000 .venv/bin/python app.py
```

It listens on 127.0.0.1; the port comes from `PORT` (5000 if unset).
Tests: `.venv/bin/python -m unittest discover tests`
"""


class App(NamedTuple):
    key: str
    framework: str  # as the page names it
    source: str
    requirements: str
    why: str

    @property
    def tests(self) -> str:
        return TESTS.replace("{framework}", self.framework)

    @property
    def readme(self) -> str:
        return README.replace("{framework}", self.framework)


APPS = {
    "flask": App(
        "flask",
        "Flask",
        FLASK,
        "flask==3.1.3\n",
        "Flask is the shortest way to a page: one decorated function per route, and its own "
        "development server (Werkzeug) is enough for a preview.",
    ),
    "fastapi": App(
        "fastapi",
        "FastAPI",
        FASTAPI,
        "fastapi==0.165.0\nuvicorn==0.54.0\n",
        "FastAPI brings typed routes and an OpenAPI page at /docs; it needs an ASGI server, so "
        "uvicorn comes with it.",
    ),
    "stdlib": App(
        "stdlib",
        "http.server",
        STDLIB,
        "# The standard library is enough.\n",
        "No framework was named, so nothing needs to be installed: http.server of the standard "
        "library can serve one page.",
    ),
}

PORT_FIXED = "port=5000"
PORT_FROM_ENV = 'port=int(os.environ.get("PORT", "5000"))'
STDLIB_PORT_FIXED = '("127.0.0.1", 5000)'
STDLIB_PORT_FROM_ENV = '("127.0.0.1", int(os.environ.get("PORT", "5000")))'
