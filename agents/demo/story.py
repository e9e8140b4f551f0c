"""What the demo agent does without directives: a small web app, told as steps.

The words choose the framework. Of a prompt that names several, the part under its "Strategy"
heading decides, without one the variant's letter. A later prompt can change the greeting, by putting
a text in quotes; more it cannot do, and says so.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from agents.demo import apps
from agents.demo.apps import APPS, App
from agents.demo.steps import Step

WORDS = {
    "flask": r"\bflask\b",
    "fastapi": r"\bfast\s?api\b",
    "stdlib": r"\bstandard library\b|\bstd\s?lib\b|\bhttp\.server\b|\bno framework\b",
}
STRATEGY = re.compile(
    r"^#{0,6}\s*strategy\b[^\n]*\n?(.*?)(?=^#{1,6}\s|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
QUOTED = re.compile(r"[\"“]([^\"“”\n]{1,80})[\"”]|(?<!\w)'([^'\n]{1,80})'(?!\w)")
GREETING = re.compile(r"^GREETING = .*$", re.MULTILINE)
HONEST = "(I am a scripted agent: my steps are fixed and no model was used.)"


def frameworks_named(text: str) -> list[str]:
    """Keys of APPS that the text names, in the order of their first mention."""
    found = {key: re.search(pattern, text, re.IGNORECASE) for key, pattern in WORDS.items()}
    places = {key: match.start() for key, match in found.items() if match}
    return sorted(places, key=lambda key: places[key])


def app_choose(prompt: str, letter: str) -> App:
    """Variants that were given no hint take the named frameworks in turn: A the first, B the next."""
    hints = list(STRATEGY.finditer(prompt))
    hinted = frameworks_named(hints[-1][0]) if hints else []
    if hinted:
        return APPS[hinted[0]]
    named = frameworks_named(prompt) or ["stdlib"]
    place = ord(letter) - ord("A") if re.fullmatch("[A-Z]", letter) else 0
    return APPS[named[place % len(named)]]


def story_steps(prompt: str, earlier: list[str]) -> list[Step]:
    if earlier:
        return follow_up_steps(prompt, len(earlier))
    return app_steps(app_choose(prompt, os.environ.get("BAKEOFF_VARIANT", "")))


def app_steps(app: App) -> list[Step]:
    names = (
        "Read what is here",
        "Write the app",
        "Take the port from the environment",
        "Write tests and a README",
        "Check that it compiles",
    )
    fixed, from_env = apps.PORT_FIXED, apps.PORT_FROM_ENV
    if app.key == "stdlib":
        fixed, from_env = apps.STDLIB_PORT_FIXED, apps.STDLIB_PORT_FROM_ENV
    steps = [
        pause(0.6),
        Step("think", (f"A hello-world app on {app.framework}. {app.why}",)),
        pause(0.8),
        Step("say", (f"I will build a small web app on {app.framework}. {HONEST}",)),
        plan(names, 0),
        pause(0.7),
        Step("bash", ("ls -A",)),
    ]
    existing = [name for name in ("README.md", "app.py") if Path(name).is_file()]
    for name in existing:
        steps += [pause(0.5), Step("read", (name,))]
    steps += [
        plan(names, 1),
        pause(0.9),
        Step("write", ("requirements.txt", app.requirements)),
        pause(0.7),
        Step("write", ("page.py", apps.PAGE)),
        pause(1.0),
        Step("write", ("app.py", app.source)),
        plan(names, 2),
        pause(0.8),
        Step(
            "think",
            ("The port is fixed in app.py. Whoever starts the app should choose it.",),
        ),
        Step("edit", ("app.py", fixed, from_env)),
        plan(names, 3),
        pause(0.8),
        Step("write", ("tests/test_app.py", app.tests)),
        pause(0.6),
        *readme_steps(app),
        plan(names, 4),
        pause(0.8),
        Step("bash", ("python3 -m py_compile app.py page.py && echo compiles",)),
        pause(0.5),
        plan(names, 5),
        pause(0.4),
        Step("final", (closing(app),)),
    ]
    return steps


def closing(app: App) -> str:
    needs = "It needs nothing installed" if app.key == "stdlib" else "requirements.txt pins it"
    return (
        f"The app is in app.py, on {app.framework}; page.py holds the page. {needs}. It listens on "
        "127.0.0.1 at the port in PORT, shows its page at / and answers /health.\n\n"
        f"Start it with `PORT=8000 python app.py`. {HONEST}"
    )


def readme_steps(app: App) -> list[Step]:
    """A README that is there stays: the app gets a section at its end."""
    path = Path("README.md")
    old = path.read_text("utf-8", "replace") if path.is_file() else ""
    if not old.strip():
        return [Step("write", ("README.md", app.readme))]
    if app.readme in old or app.readme.replace("# Hello", "## Hello", 1) in old:
        return []
    section = app.readme.replace("# Hello", "## Hello", 1)
    return [Step("write", ("README.md", f"{old.rstrip()}\n\n{section}"))]


def follow_up_steps(prompt: str, count: int) -> list[Step]:
    quoted = QUOTED.search(prompt)
    page = Path("page.py")
    line = GREETING.search(page.read_text("utf-8", "replace")) if page.is_file() else None
    if not quoted or not line:
        return [pause(0.6), Step("final", (no_idea(count),))]
    greeting = quoted[1] or quoted[2]
    new = f"GREETING = {json.dumps(greeting, ensure_ascii=False)}"
    if new == line[0]:
        return [Step("final", (f"The greeting is already {greeting}. {HONEST}",))]
    return [
        pause(0.6),
        Step("think", (f"The text in quotes is the new greeting: {greeting}",)),
        Step("read", ("page.py",)),
        pause(0.8),
        Step("edit", ("page.py", line[0], new)),
        pause(0.5),
        Step("bash", ("python3 -m py_compile page.py && echo compiles",)),
        Step("final", (f"The page now greets with: {greeting}. {HONEST}",)),
    ]


def no_idea(count: int) -> str:
    remembered = "1 earlier message" if count == 1 else f"{count} earlier messages"
    return (
        "I am a scripted agent and cannot understand free text, so I changed nothing. "
        f"I do remember {remembered} of this session. What I can do: put a text in quotes, such "
        'as "Good morning", and I make it the greeting of the page.'
    )


def pause(seconds: float) -> Step:
    return Step("pause", (str(seconds),))


def plan(names: tuple[str, ...], current: int) -> Step:
    """The plan with everything before `current` done and `current` being worked on."""
    marks = ["*" if i < current else ">" if i == current else "" for i in range(len(names))]
    return Step(
        "plan",
        (";".join(name + mark for name, mark in zip(names, marks, strict=True)),),
    )
