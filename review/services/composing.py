"""A new Variant put together from picks of others.

The commit is made first, then the Variant's row, its Snapshot and its origin in one transaction. A
process that dies in between leaves objects in the hub that nobody refers to, never half a Variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from agents.models import AgentProfile
from orchestrator.git.diffs import stat as diff_stat
from orchestrator.git.locks import repository_lock
from orchestrator.git.snapshots import SnapshotInfo
from orchestrator.git.trees import TreeEntry, blobs_write, commit_write, tree_write
from orchestrator.lib.errors import Conflict, Invalid, NotFound
from orchestrator.models import Task, Variant
from orchestrator.services.follow_ups import follow_up_send
from orchestrator.services.variants import variant_from_commit
from orchestrator.states import VARIANTS_MAX
from review.composing.picks import Wish
from review.composing.types import BASE
from review.composing.words import commit_message, reconcile_prompt
from review.merging.messages import lines_unix, text_check
from review.models import Composition, Tray
from review.selectors.composing import (
    Composed,
    Source,
    composed_get,
    conflict_sentence,
    conflicts_of,
    provenance_of,
    sources_of,
    sources_say,
    title_of,
)
from review.selectors.taking import taking_shut
from review.selectors.trays import letter_next
from review.services.merges import author_of

TITLE_MAX = 200


def variant_compose(
    *,
    user: User | None,
    task: Task,
    wishes: Sequence[Wish],
    picks: Sequence[dict[str, Any]],
    title: str = "",
    why: str = "",
    agent: str = "",
    reconcile: bool = False,
    note: str = "",
    from_tray: bool = False,
) -> Variant:
    """Put the picks together as a new Variant. `picks` are the wishes as they were told, to be kept.

    Where they contradict each other nothing is made, unless an agent is to `reconcile` them: then
    what fits is the Variant, and a follow-up lists the rest. `agent` takes its follow-ups. What is
    `from_tray` is composed once: whoever takes it out of the tray makes the Variant.
    """
    _texts_check(title=title, why=why, note=note)
    why = lines_unix(why)
    if len(title) > TITLE_MAX:
        raise Invalid(
            "compose.title", f"The title has {len(title)} characters; {TITLE_MAX} are allowed."
        )
    if not wishes:
        raise Invalid("compose.empty", "Pick something first: a file, a hunk or some lines.")
    _open_check(task)
    profile = _agent(agent) if agent else None
    composed = composed_get(task=task, wishes=wishes)
    conflicts = conflicts_of(composed.result)
    if conflicts and not reconcile:
        first = conflict_sentence(conflicts[0])
        more = f" And {len(conflicts) - 1} more." if len(conflicts) > 1 else ""
        raise Conflict(
            "compose.conflict",
            f"The picks contradict each other. {first}{more}",
            {"conflicts": conflicts},
        )
    if composed.changes_nothing and not conflicts:
        raise Invalid("compose.empty", "The picks change nothing: the result is the base.")
    sources = sources_of(composed.result)
    info = _commit(user=user, task=task, composed=composed, sources=sources, title=title, why=why)
    variant = _variant(task, sources)
    # Whoever waits for the hub (it may be packed just now) must not keep all other writers waiting.
    with repository_lock(composed.ground.hub), transaction.atomic():
        if (
            from_tray
            and not Tray.objects.filter(user=user, task=task, picks=list(picks)).delete()[0]
        ):
            raise Conflict("compose.tray", "What was in the tray has changed. Look at it again.")
        made = variant_from_commit(
            user=user,
            task=task,
            agent=profile or variant.agent,
            model=profile.model if profile else variant.model,
            info=info,
            text=sources_say(sources),
        )
        Composition.objects.create(
            variant=made,
            made_by=user,
            title=_own_title(title, task, sources),
            why=why.strip(),
            contested=sorted({letter for told in conflicts for letter in told["letters"]}),
            picks=list(picks),
            heads={
                source.letter: composed.ground.heads[source.letter]
                for source in sources
                if source.letter != BASE
            },
            sources=[asdict(source) for source in sources],
            files=provenance_of(composed),
        )
        if conflicts:
            places = [conflict_sentence(conflict) for conflict in conflicts]
            text = reconcile_prompt(conflicts=conflicts, places=places, note=note)
            follow_up_send(user=user, variant=made, text=text)
    return made


def composition_preview(
    *, user: User, task: Task, wishes: Sequence[Wish], picks: Sequence[dict[str, Any]] = ()
) -> str:
    """The commit that the picks would make of what fits, to be looked at: nothing refers to it. `picks` are the wishes
    as the tray has them: the tray keeps of what its newest preview was."""
    if not wishes:
        raise Invalid("compose.empty", "Pick something first: a file, a hunk or some lines.")
    composed = composed_get(task=task, wishes=wishes)
    sources = sources_of(composed.result)
    commit = _commit(user=user, task=task, composed=composed, sources=sources, keep=False).commit
    previewed = {"commit": commit, "picks": list(picks), "letter": letter_next(task)[0]}
    Tray.objects.filter(user=user, task=task).update(previewed=previewed)
    return commit


def _own_title(title: str, task: Task, sources: Sequence[Source]) -> str:
    """What somebody wrote; nothing where it is what the commit is called anyway."""
    said = " ".join(title.split())
    return "" if said == title_of(task, sources) else said


def _texts_check(**texts: str) -> None:
    for field, text in texts.items():
        text_check(text, field=field)


def _open_check(task: Task) -> None:
    """Said before any work; it counts again when the Variant is made."""
    if shut := taking_shut(task):
        raise Conflict("task.resolved", shut)
    if task.variants.count() >= VARIANTS_MAX:
        raise Conflict(
            "task.variants-full",
            f"This task has {VARIANTS_MAX} variants, as many as a task may have.",
        )


def _agent(name: str) -> AgentProfile:
    profile = AgentProfile.objects.filter(name=name, archived_at=None).first()
    if profile is None:
        raise NotFound("agent.not-found", f"There is no agent “{name[:100]}”.")
    return profile


def _variant(task: Task, sources: Sequence[Source]) -> Variant:
    """The Variant that most is from: its agent goes on with the new one, unless another is chosen."""
    letters = [source.letter for source in sources if source.letter != BASE]
    variants = task.variants.select_related("agent")
    return (variants.filter(letter__in=letters[:1]) or variants.order_by("position"))[0]


def _commit(
    *,
    user: User | None,
    task: Task,
    composed: Composed,
    sources: Sequence[Source],
    title: str = "",
    why: str = "",
    keep: bool = True,
) -> SnapshotInfo:
    """Write the files, the tree and the commit; they are the Variant's first Snapshot."""
    ground, result = composed.ground, composed.result
    fresh = {path: entry.data for path, entry in result.writes.items() if entry.data is not None}
    ids = dict(zip(fresh, blobs_write(hub=ground.hub, contents=[*fresh.values()]), strict=True))
    tree = tree_write(
        hub=ground.hub,
        base=ground.base,
        writes={
            path: TreeEntry(entry.mode, ids.get(path, entry.blob))
            for path, entry in result.writes.items()
        },
        removes=result.removes,
    )
    author = author_of(user, project=task.project)
    commit = commit_write(
        hub=ground.hub,
        tree=tree,
        parent=ground.base,
        message=commit_message(
            title=" ".join(title.split()) or title_of(task, sources),
            why=why,
            who=author.name,
            summary=sources_say(sources),
            task_id=task.pk,
            origins=[
                f"{source.letter} {ground.heads.get(source.letter, ground.base)} ({source.say})"
                for source in sources
                if source.say
            ],
        ),
        author=author,
        keep=keep,
    )
    numbers = diff_stat(hub=ground.hub, left=ground.base, right=commit)
    return SnapshotInfo(
        commit=commit,
        tree=tree,
        parent=commit,
        files_changed=numbers.files_changed,
        insertions=numbers.insertions,
        deletions=numbers.deletions,
    )
