"""Secrets in the forms in which programs print them, whole and across the borders of events."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.events import Edit, Event, Message, Raw, ToolCall, ToolUpdate
from agents.redact import MASK, Redactor

SECRET = 'sk-ant/äö+"\\9f&k=='
PEM = "-----BEGIN KEY-----\nMIIBVgIBADAN\nBgkqhkiG9w0B\nxyz\n-----END KEY-----\n"


def message(text: str, stream: str = "out") -> Message:
    return Message(time=1.0, text=text, stream=stream)


def texts(redactor: Redactor, pieces: list[str]) -> list[str]:
    events = list(redactor.stream(message(piece) for piece in pieces))
    return [event.text for event in events if isinstance(event, Message)]


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps({"key": SECRET})),
        quote(SECRET),
        quote(SECRET, safe=""),
        re.sub("%..", lambda code: code[0].lower(), quote(SECRET, safe="")),
        base64.b64encode(SECRET.encode()).decode(),
    ],
    ids=[
        "plain",
        "json",
        "json-utf8",
        "json-nested",
        "url",
        "url-all",
        "url-lower",
        "b64",
    ],
)
def test_every_printed_form_is_masked(form: str) -> None:
    masked = Redactor([SECRET]).text(f"before {form} after")
    assert MASK in masked
    assert "9f" not in masked.removeprefix("before ").removesuffix(" after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize("user", ["", "u", "us", "use", "user"])
def test_base64_is_found_at_any_alignment(user: str) -> None:
    secret = "correct-horse-battery"
    header = base64.b64encode(f"{user}:{secret}!".encode()).decode()
    masked = Redactor([secret]).text(header)
    assert MASK in masked
    left = masked.replace(MASK, "")
    assert len(left) <= len(header) - len(secret)


def test_both_alphabets_of_base64_are_found() -> None:
    secret = ">>>???>>>???"
    coded = base64.b64encode(secret.encode()).decode()
    assert coded == "Pj4+Pz8/Pj4+Pz8/"
    assert Redactor([secret]).text(coded) == MASK
    assert Redactor([secret]).text(coded.replace("+", "-").replace("/", "_")) == MASK


def test_short_secrets_are_not_masked_and_no_secrets_cost_nothing() -> None:
    event = message("a plain line")
    assert Redactor(["plain", ""]).text("a plain line") == "a plain line"
    assert next(iter(Redactor([]).stream([event]))) is event


def test_overlapping_secrets_make_one_mask() -> None:
    assert Redactor(["abcdef", "defghi", "cdefg"]).text("xabcdefghix") == f"x{MASK}x"
    assert Redactor(["aaaaaa"]).text("a" * 100) == MASK


def test_redaction_is_deep() -> None:
    event = ToolCall(
        time=1.0,
        call="c1",
        tool="Write",
        category="edit",
        title=f"write {SECRET}",
        input={"env": {"TOKEN": SECRET}, SECRET: [1, None, {"deep": (SECRET,)}]},
        edits=(Edit(path="a", old=None, new=f"key = {SECRET}\n"),),
    )
    (clean,) = Redactor([SECRET]).stream([event])
    assert isinstance(clean, ToolCall)
    assert "9f" not in repr(clean)
    assert clean.edits[0].new == f"key = {MASK}\n"
    assert clean.input["env"] == {"TOKEN": MASK}


def test_a_secret_printed_line_by_line_is_masked() -> None:
    out = texts(Redactor([PEM]), ["here:", *PEM.splitlines(), "done"])
    assert out == ["here:", MASK, MASK, MASK, MASK, MASK, "done"]


def test_a_secret_split_over_two_events_is_masked_in_both() -> None:
    secret = "hunter2-hunter2"
    for cut in range(6, len(secret)):
        first, second = texts(Redactor([secret]), [f"a {secret[:cut]}", f"{secret[cut:]} z"])
        assert (first, second) == (f"a {MASK}", f"{MASK} z")


def test_a_secret_in_pieces_of_one_character_shows_at_most_its_beginning() -> None:
    secret = "hunter2-hunter2"
    assert "".join(texts(Redactor([secret]), list(secret))).replace(MASK, "") == secret[:5]


def test_other_streams_in_between_do_not_hide_the_rest() -> None:
    secret = "hunter2-hunter2"
    events: list[Event] = [
        message(f"x {secret[:8]}"),
        message("unrelated", "err"),
        ToolUpdate(time=1.0, call="c", status="completed", output="unrelated"),
        message(f"{secret[8:]} y"),
    ]
    clean = list(Redactor([secret]).stream(events))
    assert [event.kind for event in clean] == [event.kind for event in events]
    assert clean[3] == message(f"{MASK} y")


def test_text_that_only_looks_like_the_rest_stays() -> None:
    for pieces in (["the end", "ct-horse"], ["a corr", "elated thing"], ["corre", "", "x"]):
        assert texts(Redactor(["correct-horse"]), pieces) == pieces


@given(
    before=st.text(alphabet="abc\n", max_size=12),
    after=st.text(alphabet="abc\n", max_size=12),
    secret=st.text(alphabet="XYZ\n", min_size=6, max_size=20).filter(
        lambda text: len(text.strip()) >= 6
    ),
    cuts=st.lists(st.integers(0, 40), max_size=4),
)
def test_whatever_the_cuts_no_six_characters_of_a_secret_are_shown(
    before: str, after: str, secret: str, cuts: list[int]
) -> None:
    whole = before + secret + after
    borders = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[i:j] for i, j in pairwise(borders)]
    out = texts(Redactor([secret]), pieces)
    assert len(out) == len(pieces)
    shown = "".join(out).replace(MASK, "|")
    value = secret.strip()
    assert not any(value[i : i + 6] in shown for i in range(len(value) - 5))


def test_an_event_that_has_no_secret_is_equal_to_what_it_was() -> None:
    raw = Raw(time=2.0, text="\x1b[31mred\x1b[0m \ud800 \0", stream="err")
    assert list(Redactor([SECRET]).stream([raw])) == [raw]
