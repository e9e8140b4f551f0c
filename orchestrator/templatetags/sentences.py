"""Words of sentences: what is asked, what happened and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from agents.adapters.registry import adapter_get
from agents.models import AgentProfile, PermissionMode
from orchestrator.lib.words import letters_say
from orchestrator.models import Activity, Project
from orchestrator.selectors.pages.asks import AskRow
from orchestrator.selectors.rows import VariantRow
from orchestrator.states import VariantState

register = template.Library()

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip


@register.filter
def count_word(items: int | Sequence[object]) -> str:
    count = items if isinstance(items, int) else len(items)
    return _WORDS[count] if 0 <= count < len(_WORDS) else f"{count:,}"


@register.filter
def letters(rows: Sequence[VariantRow]) -> str:
    """A, B and C; how many they are where nobody would read the letters."""
    return letters_say([row.letter for row in rows])


_VERBS = {
    "execute": "to run",
    "edit": "to change",
    "read": "to read",
    "search": "to search for",
    "fetch": "to fetch",
}


@register.filter
def permissions(profile: AgentProfile) -> str:
    """What the agent may do without asking."""
    if not adapter_get(profile.adapter).capabilities.permissions:
        return "Never asks: it may do what you may"
    return PermissionMode(profile.permission_mode).label


@register.filter
def ask_verb(ask: AskRow) -> str:
    """What stands before the command or path: `to run`."""
    if ask.questions:
        return f"you: {ask.questions[0].text}"
    verb = _VERBS.get(ask.category)
    return verb if verb and ask.field else f"to use {ask.tool}"


@register.filter
def ask_question(ask: AskRow) -> str:
    if ask.questions:
        return f"What do you say to {ask.letter}?"
    nouns = {
        "execute": "run this command",
        "edit": "change this file",
        "read": "read this",
        "search": "search for this",
        "fetch": "fetch this address",
    }
    return f"May {ask.letter} {nouns.get(ask.category, f'use {ask.tool}')}?"


_ADVICE = (
    ("agent.auth", "Sign in with the agent's own CLI, or store a key with the agent. Then send a message to go on."),
    ("agent.not-installed", "Install it on this machine, then send a message to go on."),
    ("setup.", "Correct the setup, then send a message: the next run starts with it."),
    ("budget.", "Start a new task with a larger budget to go on."),
)  # fmt: skip


@register.filter
def failure_advice(row: VariantRow) -> str:
    for code, text in _ADVICE:
        if row.failure_code.startswith(code):
            return text
    if row.state == VariantState.LOST:
        return "What it had written is kept. Send a message to go on from there."
    return "Send a message to go on from where it stopped."


_PROJECT_ADVICE = (
    ("project.unreachable", "Check the address and the network."),
    ("project.auth", "Sign in with git as the user that Bakeoff runs as, or correct the address."),
    ("project.missing", "Check the path: it must be on the machine that Bakeoff runs on."),
    ("project.not-repository", "Check the address."),
    ("project.branch", "Name a branch that the repository has, or leave the branch empty."),
)


@register.filter
def project_advice(project: Project) -> str:
    """What to do about a project that could not be imported; its message says what happened."""
    found = (text for code, text in _PROJECT_ADVICE if project.failure_code.startswith(code))
    return f"{next(found, 'Put that right.')} Then try again, or remove the project."


# What a person did, before the name of the thing; what happened by itself stands alone.
_ACTIVITY = {
    "project.added": "added the project",
    "project.changed": "changed the settings of",
    "project.corrected": "corrected the address of",
    "project.removed": "removed the project",
    "agent.added": "added the agent",
    "agent.changed": "changed the agent",
    "agent.removed": "removed the agent",
    "task.submitted": "submitted",
    "task.merging": "began to merge",
    "task.merged": "merged",
    "task.open": "left open",
    "task.closed": "closed",
    "merge.merged": "merged",
    "merge.refused": "was refused the merge of",
    "merge.conflict": "met conflicts merging",
    "variant.composed": "composed",
    "run.stop": "asked to stop",
    "variant.message": "wrote to",
    "variant.archived": "archived",
    "variant.unarchived": "took out of the archive",
    "workspace.removed": "workspace removed",
    "workspace.kept": "workspace kept",
    "variant.edited": "changed",
    "comment.published": "commented on",
    "comment.sent": "sent comments to",
    "permission.allowed": "allowed",
    "permission.denied": "denied",
    "preview.not-started": "app not started",
    "preview.starting": "app starting",
    "preview.ready": "app ready",
    "preview.failed": "app failed",
    "preview.exited": "app exited",
    "preview.stopped": "app stopped",
}
_ACTIVITY_OF_PERSONS = {
    "preview.starting": "started the app of",
    "preview.stopped": "stopped the app of",
}
_RUN_ACTIVITY = {
    "queued": "queued",
    "preparing": "workspace in preparation",
    "running": "at work",
    "waiting": "asks",
    "succeeded": "finished",
    "failed": "failed",
    "stopped": "stopped",
    "timed_out": "out of time",
    "lost": "process lost",
}


@register.filter
def activity_text(row: Activity) -> str:
    if row.verb == "run.state":
        return _RUN_ACTIVITY.get(row.state, f"moved to {row.state}")
    if row.actor_id and row.verb in _ACTIVITY_OF_PERSONS:
        return _ACTIVITY_OF_PERSONS[row.verb]
    return _ACTIVITY.get(row.verb, row.verb.replace(".", " ").replace("_", " "))
