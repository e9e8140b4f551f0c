"""The transcript in a real browser, fed by a real feed through the real socket and API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from orchestrator import feed
from orchestrator.feed import FeedEntry
from orchestrator.lib.live import publish
from orchestrator.models import Run
from tests.support.live import Web, end, entry
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'


@pytest.fixture
def page(chromium: Browser, web: Web, run: Run, user: User, settings: Settings) -> Iterator[Page]:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context = chromium.new_context(viewport={"width": 1200, "height": 860})
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": web.origin}])
    context.set_default_timeout(60_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def event(seq: int, kind: str, **fields: Any) -> FeedEntry:
    return FeedEntry(
        seq=seq, n=seq, i=0, payload={"kind": kind, "time": 1_700_000_000.0 + seq, **fields}
    )


def until(page: Page, expression: str, *, within_s: float = 60) -> None:
    page.wait_for_function(expression, timeout=within_s * 1000)


def term_lines(page: Page) -> list[str]:
    texts = page.locator(".term").all_inner_texts()
    return [line for text in texts for line in text.split("\n")]


STORY: list[tuple[str, dict[str, Any]]] = [
    ("message", {"role": "user", "text": "Add **a** limit.", "by": "Ada"}),
    ("state", {"state": "session", "text": "opus", "data": {}}),
    ("thought", {"text": "The middleware already resolves the key once."}),
    ("thought", {"text": "Long. " * 80 + "\nsecond line"}),
    (
        "plan",
        {
            "entries": [
                {"text": "Read", "status": "completed"},
                {"text": "Write", "status": "in_progress"},
                {"text": "Test", "status": "pending"},
            ]
        },
    ),
    (
        "tool_call",
        {
            "call": "c1",
            "tool": "Read",
            "category": "read",
            "title": "atlas/api/middleware.py",
            "input": {"file_path": "atlas/api/middleware.py"},
            "edits": [],
        },
    ),
    (
        "tool_update",
        {"call": "c1", "status": "completed", "output": "a\nb\nc\n", "category": "read"},
    ),
    (
        "tool_call",
        {
            "call": "c2",
            "tool": "Edit",
            "category": "edit",
            "title": "app.py",
            "input": {},
            "edits": [
                {"path": "app.py", "old": "one\ntwo\nthree\n", "new": "one\n2\nthree\nfour\n"}
            ],
        },
    ),
    ("tool_update", {"call": "c2", "status": "completed", "output": "ok", "category": "edit"}),
    (
        "snapshot",
        {"commit": "9c02e1d" + "0" * 33, "files_changed": 1, "insertions": 2, "deletions": 1},
    ),
    (
        "tool_call",
        {
            "call": "c3",
            "tool": "Bash",
            "category": "execute",
            "title": "pytest tests/api -q",
            "input": {"command": "pytest tests/api -q"},
        },
    ),
    (
        "tool_update",
        {
            "call": "c3",
            "status": "failed",
            "output": "\x1b[31mE   ModuleNotFoundError\x1b[0m: No module named 'limits'\n1 error",
            "exit_code": 1,
            "category": "execute",
        },
    ),
    (
        "message",
        {
            "text": "It uses `limits`:\n\n- **sliding** windows\n- no deps\n\n```py\nimport limits\n```"
        },
    ),
    (
        "permission_request",
        {"request": "r1", "tool": "Bash", "title": "pip install 'limits>=3.9'", "input": {}},
    ),
    (
        "permission_answer",
        {"request": "r1", "decision": "allow", "scope": "run", "message": "", "by": "Ada"},
    ),
    ("error", {"code": "agent.api", "message": "The model API answered 529.", "fatal": False}),
    ("message", {"text": "plain \x1b[32mgreen\x1b[0m", "stream": "out"}),
    ("message", {"text": "10%\r100%", "stream": "out"}),
    ("raw", {"text": '{"type":"new"}', "stream": "out"}),
    ("usage", {"input_tokens": 12345, "output_tokens": 678, "cost_usd": 0.1234}),
    ("state", {"state": "turn", "text": "", "data": {"ok": True, "model_turns": 3}}),
    ("end", {"state": "succeeded", "code": "", "message": ""}),
]


def test_a_run_is_shown_as_what_it_is(page: Page, web: Web, run: Run) -> None:
    story = [event(seq, kind, **fields) for seq, (kind, fields) in enumerate(STORY, start=1)]
    feed.append(run.id.hex, story[:8])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelectorAll('.tool').length === 2")
    feed.append(run.id.hex, story[8:])
    until(page, "document.querySelector('.endline') !== null")

    log = page.locator(".log")
    assert log.get_attribute("role") == "log"
    assert page.locator("p.thought").first.inner_text().startswith("The middleware")
    assert page.locator("details.thoughts").count() == 1
    assert page.locator(".plan li.now").inner_text().strip().endswith("Write")
    tools = page.locator("details.tool")
    assert tools.count() == 3
    assert "3 lines" in tools.nth(0).inner_text()
    assert "+2" in tools.nth(1).inner_text()
    assert "−1" in tools.nth(1).inner_text()
    assert tools.nth(2).evaluate("tool => tool.open") is True
    assert "exit 1" in tools.nth(2).inner_text()
    assert tools.nth(2).locator(".a-f1").inner_text() == "E   ModuleNotFoundError"
    tools.nth(1).locator("summary").click()
    tools.nth(1).locator(".uline").first.wait_for()
    lines = [text.replace("\n", "") for text in tools.nth(1).locator(".uline").all_inner_texts()]
    assert lines == [" one", "−two", "+2", " three", "+four"]
    assert page.locator(".say code").first.inner_text() == "limits"
    assert page.locator(".say li strong").inner_text() == "sliding"
    assert page.locator(".said").inner_text() == "Ada\n\nAdd a limit."
    assert page.locator(".said strong").inner_text() == "a"
    assert "allowed in this run by Ada" in page.locator(".askline").inner_text()
    assert page.locator(".term.out").inner_text() == "plain green\n100%"
    assert "12,345 in" in page.locator(".usage").inner_text()
    assert page.locator(".endline").inner_text() == "Finished"


def test_a_turn_that_was_stopped_is_no_error(page: Page, web: Web, run: Run) -> None:
    turns = ({"ok": False, "interrupted": True, "model_turns": 1}, {"ok": False})
    entries = [
        event(seq, "state", state="turn", text="", data=data) for seq, data in enumerate(turns, 1)
    ]
    feed.append(run.id.hex, [*entries, event(3, "end", state="stopped", code="", message="")])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.endline') !== null")
    assert page.locator(".mark").all_inner_texts() == [
        "The turn was stopped · 1 model turn",
        "The turn ended with an error",
    ]


def test_nothing_an_agent_writes_becomes_markup(page: Page, web: Web, run: Run) -> None:
    names = ("text", "title", "tool", "message", "code", "by", "state", "output", "commit")
    entries = []
    for seq, (kind, fields) in enumerate(STORY, start=1):
        spoilt = {k: f"{HOSTILE}{v}" if k in names else v for k, v in fields.items()}
        if kind == "tool_call":
            spoilt["input"] = {HOSTILE: HOSTILE}
            spoilt["edits"] = [{"path": HOSTILE, "old": HOSTILE, "new": HOSTILE + "\n" + HOSTILE}]
        entries.append(event(seq, kind, **spoilt))
    feed.append(run.id.hex, [*entries, event(len(entries) + 1, HOSTILE, text=HOSTILE)])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.rawbox:last-of-type') !== null")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    until(page, "document.querySelector('.tool-diff') !== null")

    assert page.evaluate("window.hacked") is None
    assert page.locator(".log img, .log script, .log a").count() == 0
    assert HOSTILE in page.locator(".log").inner_text()


def test_what_a_person_s_text_speaks_of_is_linked_within_this_site_only(
    page: Page, web: Web, run: Run
) -> None:
    links = [
        ["app.py:3", "/comments/1"],
        ["<img src=x>", "//evil.example/"],
        ["other", "javascript:alert(1)"],
        ["back", "/\\evil.example"],
    ]
    said = event(1, "message", role="user", text="See", by="Ada", links=links)
    feed.append(run.id.hex, [said, event(2, "message", role="user", text="Later", by="Ada")])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.log').innerText.includes('Later')")
    found = page.locator(".log a")
    assert found.all_inner_texts() == ["app.py:3"]
    assert found.get_attribute("href") == "/comments/1"


def test_what_a_person_wrote_is_shown_as_what_an_agent_says(page: Page, web: Web, run: Run) -> None:
    text = "## In <i>app.py</i>\n\nLine **21**:\n\n```py\nlimit(<b>)\n```\n\nToo strict\n\n```\nopen to the end"
    feed.append(run.id.hex, [event(1, "message", role="user", text=text, by="Ada")])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.log').innerText.includes('Too strict')")
    said = page.locator(".said")
    assert said.locator("pre code").all_inner_texts() == ["limit(<b>)", "open to the end"]
    assert said.locator(".say > p").all_inner_texts() == [
        "In <i>app.py</i>",
        "Line 21:",
        "Too strict",
    ]
    assert said.locator(".say-h").inner_text() == "In <i>app.py</i>"
    assert said.locator("i, b").count() == 0
    assert "```" not in said.inner_text()


def test_a_cut_socket_and_a_killed_redis_lose_and_double_nothing(
    page: Page, web: Web, run: Run, valkey: Valkey
) -> None:
    run_id = run.id.hex
    page.add_init_script("""
        window.sockets = []; window.changed = 0;
        document.addEventListener("live:home", () => window.changed++);
        const Real = WebSocket;
        window.WebSocket = class extends Real {
            constructor(url) {
                super(window.noSockets ? url + "/none" : url);
                window.sockets.push(this);
            }
        };""")
    feed.append(run_id, [entry(seq, stream="out") for seq in range(1, 51)])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.log').innerText.includes('line 50')")

    until(page, "window.sockets.length === 1 && window.sockets[0].readyState === 1")

    # Cut: what comes meanwhile is polled, and a badge says so.
    page.evaluate("window.noSockets = true; window.sockets.at(-1).close()")
    feed.append(run_id, [entry(seq, stream="out") for seq in range(51, 101)])
    until(page, "document.querySelector('.live-badge')?.textContent.startsWith('Reconnecting')")
    until(page, "document.querySelector('.log').innerText.includes('line 100')")
    page.evaluate("window.noSockets = false")
    until(page, "window.sockets.at(-1).readyState === 1")
    until(page, "document.querySelector('.live-badge').hidden")
    feed.append(run_id, [entry(101, stream="out")])
    until(page, "document.querySelector('.log').innerText.includes('line 101')")

    valkey.kill()
    valkey.start()
    before = page.evaluate("window.changed")
    publish("home")
    feed.append(run_id, [*(entry(seq, stream="out") for seq in range(102, 120)), end(120)])
    feed.seal(run_id)
    until(page, "document.querySelector('.endline') !== null")
    until(page, f"window.changed > {before}")
    assert term_lines(page) == [f"line {seq}" for seq in range(1, 120)]


def test_it_keeps_to_the_end_only_while_the_reader_is_there(page: Page, web: Web, run: Run) -> None:
    run_id = run.id.hex
    feed.append(run_id, [entry(seq) for seq in range(1, 101)])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, "document.querySelector('.log').innerText.includes('line 100')")
    gap = "(log => log.scrollHeight - log.scrollTop - log.clientHeight)"
    log = f"{gap}(document.querySelector('.log'))"
    until(page, f"{log} < 2")

    page.evaluate("document.querySelector('.log').scrollTop = 300")
    until(page, f"{log} > 100")
    feed.append(run_id, [entry(101)])
    page.locator(".newlines").wait_for(state="visible")
    assert page.evaluate("document.querySelector('.log').scrollTop") == 300

    page.locator(".newlines").click()
    until(page, f"{log} < 2")
    page.locator(".newlines").wait_for(state="hidden")
    feed.append(run_id, [entry(seq) for seq in range(102, 130)])
    until(page, "document.querySelector('.log').innerText.includes('line 129')")
    until(page, f"{log} < 2")


def test_what_is_pressed_stays_in_its_place_until_then(page: Page, web: Web, run: Run) -> None:
    run_id = run.id.hex
    feed.append(run_id, [entry(seq) for seq in range(1, 101)])
    feed.append(run_id, [event(101, "thought", text="Long. " * 80 + "\nsecond line")])
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    thought = page.locator("summary.thought")
    thought.hover()
    page.mouse.down()
    feed.append(run_id, [entry(seq) for seq in range(102, 132)])
    until(page, "document.querySelector('run-transcript').newest === 131")
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    page.mouse.up()
    page.locator("details.thoughts[open]").wait_for(state="attached")
    until(page, "document.querySelector('.log').innerText.includes('line 131')")


def test_a_very_long_run_stays_light_and_can_be_read_back(page: Page, web: Web, run: Run) -> None:
    run_id = run.id.hex
    count = 100_000
    for start in range(1, count + 1, 5000):
        feed.append(run_id, [entry(seq) for seq in range(start, start + 5000)])
    began = time.monotonic()
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    until(page, f"document.querySelector('.log').innerText.includes('line {count}')", within_s=60)
    took_s = time.monotonic() - began
    assert page.evaluate("document.querySelectorAll('*').length") < 10_000, took_s

    page.locator(".log").evaluate("log => { log.scrollTop = 0 }")
    first = page.locator(".ev").first.get_attribute("data-seq")
    assert first is not None
    page.locator("button.earlier").click()
    until(page, f"document.querySelector('.ev').dataset.seq === '{int(first) - 300}'")
    seqs = page.evaluate(
        "[...document.querySelectorAll('.ev')].map(row => Number(row.dataset.seq))"
    )
    assert seqs == list(range(int(first) - 300, count + 1))


def test_output_that_goes_on_for_hours_stays_light_wherever_one_reads(
    page: Page, web: Web, run: Run
) -> None:
    """Hundreds of lines share a row there, so it is lines that are counted."""
    run_id = run.id.hex
    gap = "(log => log.scrollHeight - log.scrollTop - log.clientHeight)(document.querySelector('.log'))"

    def printed(first: int, last: int) -> None:
        for start in range(first, last, 400):
            entries = [entry(seq, stream="out") for seq in range(start, start + 400)]
            feed.append(run_id, entries)
            page.wait_for_function(
                f"document.querySelector('run-transcript').newest >= {start + 399}"
            )

    feed.append(run_id, [entry(seq, stream="out") for seq in range(1, 101)])
    page.goto(f"{web.origin}/harness?{run_id}")
    until(page, "document.querySelector('.log').innerText.includes('line 100')")
    printed(101, 6101)
    until(page, "document.querySelector('.log').innerText.includes('line 6100')")
    until(page, f"{gap} < 2")
    lines = term_lines(page)
    assert 1_500 < len(lines) <= 2_000
    assert lines == [f"line {seq}" for seq in range(6101 - len(lines), 6101)]
    nodes = "document.createTreeWalker(document.querySelector('.trail'))"
    count = f"(walk => {{ let n = 0; while (walk.nextNode()) n++; return n; }})({nodes})"
    assert page.evaluate(count) < 100  # not one a line
    page.locator("button.earlier").click()
    before = 6100 - len(lines)  # how many are kept is between two bounds
    until(page, f"document.querySelector('.log').innerText.includes('line {before}\\n')")
    earlier = term_lines(page)
    assert earlier == [f"line {seq}" for seq in range(6101 - len(earlier), 6101)]

    # Who reads further up keeps what is read where it is, and no more comes than can be carried.
    page.evaluate("document.querySelector('.log').scrollTop = 500")
    until(page, f"{gap} > 1000")
    printed(6101, 14_101)
    assert page.evaluate("document.querySelector('.log').scrollTop") == 500
    kept = term_lines(page)
    assert kept[0] == earlier[0]
    assert len(kept) < 7_000
    page.locator(".newlines").click()
    until(page, "document.querySelector('.log').innerText.includes('line 14100')")
    until(page, f"{gap} < 2")


def test_a_text_that_was_cut_can_be_loaded(page: Page, web: Web, run: Run) -> None:
    tail = "the very end"
    feed.append(
        run.id.hex,
        [
            event(1, "tool_call", call="c", tool="Bash", category="execute", title="make"),
            event(
                2, "tool_update", call="c", status="failed", output="x\n" * 50_000 + tail,
                exit_code=2, category="execute",
            ),
        ],
    )  # fmt: skip
    page.goto(f"{web.origin}/harness?{run.id.hex}")
    more = page.get_by_role("button", name="Load all of it")
    more.wait_for()
    assert tail not in page.locator(".tool").inner_text()
    more.click()
    until(page, f"document.querySelector('.tool').innerText.includes('{tail}')")


def test_a_run_with_a_known_end_is_shown_from_a_little_before_it(
    page: Page, web: Web, run: Run
) -> None:
    feed.append(run.id.hex, [*(entry(seq) for seq in range(1, 5000)), end(5000)])
    feed.seal(run.id.hex)
    page.goto(f"{web.origin}/harness?{run.id.hex}&last=4990")
    until(page, "document.querySelector('.endline') !== null")
    rows = "[...document.querySelectorAll('.ev')].map(row => Number(row.dataset.seq))"
    assert page.evaluate(rows) == list(range(4591, 5001))


def test_a_reader_far_above_is_left_alone_and_can_go_to_the_end(
    page: Page, web: Web, run: Run
) -> None:
    run_id = run.id.hex
    feed.append(run_id, [entry(seq) for seq in range(1, 101)])
    page.goto(f"{web.origin}/harness?{run_id}")
    until(page, "document.querySelector('.log').innerText.includes('line 100')")
    page.evaluate("document.querySelector('.log').scrollTop = 300")
    for start in range(101, 8101, 400):
        feed.append(run_id, [entry(seq) for seq in range(start, start + 400)])
        page.wait_for_function("document.querySelector('run-transcript').queue.length < 800")
    until(page, "document.querySelector('run-transcript').newest === 8100")
    assert page.evaluate("document.querySelectorAll('.ev').length") < 5_000
    assert page.evaluate("document.querySelector('.log').scrollTop") == 300
    assert page.locator(".ev").first.get_attribute("data-seq") == "1"

    page.locator(".newlines").click()
    until(page, "document.querySelector('.log').innerText.includes('line 8100')")
    feed.append(run_id, [entry(8101)])
    until(page, "document.querySelector('.log').innerText.includes('line 8101')")
    seqs = page.evaluate(
        "[...document.querySelectorAll('.ev')].map(row => Number(row.dataset.seq))"
    )
    assert seqs == list(range(seqs[0], 8102))
    assert page.locator("button.earlier").is_visible()


def test_a_result_finds_the_call_that_is_shown_later(page: Page, web: Web, run: Run) -> None:
    call = event(1, "tool_call", call="c", tool="Bash", category="execute", title="make")
    result = event(
        700, "tool_update", call="c", status="completed", output="done", category="execute"
    )
    feed.append(run.id.hex, [call, *(entry(seq) for seq in range(2, 700)), result])
    page.goto(f"{web.origin}/harness?{run.id.hex}&last=700")
    page.locator(".tool").wait_for()
    assert "earlier call" in page.locator(".tool").inner_text()
    page.locator("button.earlier").click()
    page.locator("button.earlier").wait_for(state="hidden")
    assert page.locator(".tool").count() == 1
    assert "make" in page.locator(".tool").inner_text()
    assert page.locator(".ev").first.locator(".tool").count() == 1
