"""What templates need: icons, letter chips, states as icon + word + colour, and numbers as people read them."""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django import template
from django.contrib.auth.models import User
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from agents.clean import clean_text
from orchestrator.lib import markdown as markdown_lib
from orchestrator.lib.disk import ROOM_MIN_BYTES, room_bytes
from orchestrator.lib.paths import data_dir
from orchestrator.lib.people import person_name
from orchestrator.selectors.pages.slots import Slots, slots_now
from orchestrator.selectors.rows import TaskRow, VariantRow
from orchestrator.states import PreviewState, ProjectState, RunState, TaskState, VariantState

register = template.Library()

MINUS = "\u2212"
LEAD_CHARS = 280
LEAD_READ = 4000

# state -> (colour role, icon, word)
VARIANT_STATES = {
    VariantState.QUEUED: ("", "clock", "Queued"),
    VariantState.WORKING: ("busy", "run", "Working"),
    VariantState.WAITING: ("wait", "hand", "Waits for you"),
    VariantState.READY: ("ok", "check", "Ready"),
    VariantState.FAILED: ("bad", "x", "Failed"),
    VariantState.STOPPED: ("", "stop", "Stopped"),
    VariantState.LOST: ("bad", "lost", "Lost"),
    VariantState.MERGED: ("ok", "merge", "Merged"),
    VariantState.ARCHIVED: ("", "archive", "Archived"),
}
RUN_STATES = {
    RunState.QUEUED: ("", "clock", "Queued"),
    RunState.PREPARING: ("busy", "run", "Preparing"),
    RunState.RUNNING: ("busy", "run", "Working"),
    RunState.WAITING: ("wait", "hand", "Waits for you"),
    RunState.SUCCEEDED: ("ok", "check", "Finished"),
    RunState.FAILED: ("bad", "x", "Failed"),
    RunState.STOPPED: ("", "stop", "Stopped"),
    RunState.TIMED_OUT: ("bad", "clock", "Out of time"),
    RunState.LOST: ("bad", "lost", "Lost"),
}
TASK_STATES = {
    TaskState.QUEUED: ("", "clock", "Queued"),
    TaskState.RUNNING: ("busy", "run", "At work"),
    TaskState.NEEDS_YOU: ("wait", "hand", "Needs you"),
    TaskState.READY: ("ok", "check", "Ready to decide"),
    TaskState.MERGING: ("busy", "run", "Merging"),
    TaskState.MERGED: ("ok", "merge", "Merged"),
    TaskState.CLOSED: ("", "archive", "Closed"),
}
PREVIEW_STATES = {
    PreviewState.STOPPED: ("", "stop", "Stopped"),
    PreviewState.STARTING: ("busy", "run", "Starting"),
    PreviewState.READY: ("ok", "check", "Ready"),
    PreviewState.FAILED: ("bad", "x", "Failed"),
    PreviewState.EXITED: ("bad", "x", "Exited"),
}
PROJECT_STATES = {
    ProjectState.PENDING: ("", "clock", "Waits"),
    ProjectState.CLONING: ("busy", "run", "Cloning"),
    ProjectState.READY: ("ok", "check", "Ready"),
    ProjectState.FAILED: ("bad", "x", "Failed"),
}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """A symbol of static/img/icons.svg. Decoration: the word stands beside it."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        classes,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def chip(letter: str, classes: str = "") -> SafeString:
    return format_html('<span class="v v-{} ch {}">{}</span>', letter.lower(), classes, letter)


def _state(role: str, name: str, word: str, classes: str = "st") -> SafeString:
    spin = "s spin" if name == "run" else "s"
    return format_html('<span class="{} {}">{}{}</span>', classes, role, icon(name, spin), word)


@register.simple_tag
def variant_state(row: VariantRow, classes: str = "st") -> SafeString:
    role, name, word = VARIANT_STATES[VariantState(row.state)]
    if row.stopping:
        word = "Stopping"
    elif row.idle:  # done, and nothing to be glad of
        role, name, word = "", "minus", "No change"
    elif row.passed_over:
        role, name, word = "", "minus", "Not merged"
    return _state(role, name, word, classes)


@register.simple_tag
def run_state(state: str, classes: str = "st") -> SafeString:
    return _state(*RUN_STATES[RunState(state)], classes)


@register.simple_tag
def task_state(row: TaskRow, classes: str = "tag") -> SafeString:
    role, name, default = TASK_STATES[TaskState(row.state)]
    if row.vain:  # nothing to be glad of
        role, name = ("bad", "x") if row.broken else ("", "minus")
    return _state(role, name, row.word or default, classes)


@register.simple_tag
def preview_state(state: str, classes: str = "st") -> SafeString:
    return _state(*PREVIEW_STATES[PreviewState(state)], classes)


@register.simple_tag
def project_state(state: str, classes: str = "st") -> SafeString:
    return _state(*PROJECT_STATES[ProjectState(state)], classes)


@register.filter
def clock(seconds: float | None) -> str:
    """41:08, or 3:05:00 from an hour on."""
    if seconds is None:
        return "–"
    total = max(0, int(seconds))
    hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def span(seconds: float | None) -> str:
    """A length of time in words: 45 s, 12 min, 3 h, 2 d."""
    if seconds is None:
        return "–"
    total = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if total >= size:
            rest = total % size * (24 if unit == "d" else 60) // size
            more = {"d": "h", "h": "min", "min": ""}[unit]
            return f"{total // size} {unit}" + (f" {rest} {more}" if more and rest else "")
    return f"{total} s"


@register.simple_tag
def ago(when: datetime | None) -> SafeString:
    """How long ago, with the moment itself in the element."""
    if when is None:
        return format_html("{}", "–")
    past = (timezone.now() - when).total_seconds()
    if past < 45:
        text = "just now"
    elif past < 3600:
        text = f"{max(1, round(past / 60))} min ago"
    elif past < 86_400:
        text = f"{round(past / 3600)} h ago"
    elif past < 7 * 86_400:
        days = round(past / 86_400)
        text = "yesterday" if days == 1 else f"{days} days ago"
    else:
        text = timezone.localtime(when).strftime("%-d %b %Y")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        when.isoformat(),
        timezone.localtime(when).strftime("%Y-%m-%d %H:%M:%S"),
        text,
    )


@register.filter
def money(usd: Decimal | float | None) -> str:
    if usd is None:
        return "–"
    return f"${usd:,.2f}" if usd >= Decimal("0.01") or not usd else "<$0.01"


@register.filter
def tokens(count: int | None) -> str:
    """1,234 below ten thousand, then 12.3k and 4.1M."""
    if count is None:
        return "–"
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


@register.filter
def measure(value: float, kind: str) -> str:
    """A value of a chart: money, tokens, or lines."""
    if kind == "money":
        return money(value)
    return tokens(int(value)) if kind == "tokens" else f"{value:,.0f}"


@register.simple_tag
def changed(insertions: int, deletions: int) -> SafeString:
    """+12 −3, without zeros."""
    plus = format_html('<span class="plus">+{}</span>', f"{insertions:,}") if insertions else ""
    minus = (
        format_html('<span class="minus">{}{}</span>', MINUS, f"{deletions:,}") if deletions else ""
    )
    if not plus and not minus:
        return format_html('<span class="quiet">{}</span>', "no change")
    return format_html("{} {}", plus, minus) if plus and minus else format_html("{}{}", plus, minus)


@register.filter
def signed_plus(count: int | None) -> str:
    return f"+{count:,}" if count else ""


@register.filter
def signed_minus(count: int | None) -> str:
    return f"{MINUS}{count:,}" if count else ""


@register.filter
def sha7(commit: str | None) -> str:
    return (commit or "")[:7]


@register.filter
def percent_of(part: float | Decimal | None, whole: float | Decimal | None) -> int:
    """For the width of a bar: 0 to 100."""
    if not part or not whole:
        return 0
    return min(100, max(1, round(100 * float(part) / float(whole))))


@register.filter
def markdown(text: str) -> SafeString:
    return markdown_lib.render(text)


@register.filter
def lead(text: str) -> str:
    """The first paragraph of a Markdown text, as plain text of a few lines."""
    paragraphs = re.split(r"\n\s*\n", text[:LEAD_READ].strip())
    for paragraph in paragraphs:
        if not paragraph.lstrip().startswith(("#", "```", "---")):
            plain_text = html.unescape(strip_tags(markdown_lib.render(paragraph)))
            return Truncator(" ".join(plain_text.split())).chars(LEAD_CHARS)
    return Truncator(paragraphs[0].lstrip("# ")).chars(LEAD_CHARS)


@register.filter
def initials(name: str) -> str:
    words = [word for word in name.replace("_", " ").replace("-", " ").split() if word]
    return ("".join(word[0] for word in words[:2]) or "?").upper()


@register.simple_tag
def person(user: object | None, viewer: object | None = None, nobody: str = "Bakeoff") -> str:
    """A person's shown name; `you` for the one who looks."""
    if user is None:
        return nobody
    if viewer is not None and user == viewer:
        return "you"
    return person_name(user) if isinstance(user, User) else nobody


# --- Addresses and the rest -----------------------------------------------------------------------


@register.simple_tag
def compare_url(task_id: int, left: str, right: str) -> str:
    return (
        f"{reverse('review:compare', args=[task_id])}?{urlencode({'left': left, 'right': right})}"
    )


@register.simple_tag
def favicon(letter: str) -> str:
    return static(f"img/favicon-{letter.lower()}.svg")


@register.simple_tag
def slots() -> Slots:
    return slots_now()


@register.simple_tag
def disk_low() -> str:
    """What to say on every page while there is too little room; empty while there is enough."""
    room = room_bytes(data_dir())
    if room >= ROOM_MIN_BYTES:
        return ""
    return (
        f"The disk that holds Bakeoff's data is full ({room // 1024**2} MB left). Make room: what "
        "runs waits and then goes on, and nothing new is started until then."
    )


@register.filter
def plain(text: str) -> str:
    """Program output without terminal codes."""
    return clean_text(text)
