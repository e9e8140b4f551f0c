"""Who sees which comments, and threads as pages and the API show them.

A draft is its author's own: nobody else is told that it exists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.lib.errors import NotFound
from orchestrator.lib.numbers import number_of
from orchestrator.lib.paths import hub_dir
from orchestrator.models import FollowUp, Snapshot, Task, Variant
from orchestrator.selectors.access import Viewer, tasks_for
from orchestrator.states import Resolution
from review.models.comment import About, Comment, CommentState
from review.selectors.compare import path_text
from review.selectors.places import Spot, comment_spots, path_real
from review.selectors.sides import BASE, Side

FORMS_FIRST = 10
FILTERS = ("open", "drafts", "outdated", "resolved", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One comment of a thread."""

    id: int
    author: User | None
    source: str
    severity: str
    body: str
    suggestion: str | None
    applied_commit: str
    draft: bool
    mine: bool
    edited: bool
    deleted: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A thread was sent to the agent of a Variant; `run` is None while it waits for its turn."""

    letter: str
    run: int | None
    url: str


@dataclass(frozen=True, slots=True)
class SaidOn:
    """The file and lines that a thread was begun on, in its own commit."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """`path`, `start`, `end` are where it stands on the commit that was asked for, else where it stood."""

    id: int
    about: str
    letter: str  # the Variant it is on; "" for the base
    against: str
    path: str
    start: int
    end: int
    outdated: bool
    same: bool  # False: the lines are there, with other spaces
    commit: str
    said_on: SaidOn
    lines: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    resolved: bool
    resolved_by: User | None
    remarks: tuple[Remark, ...]
    sent: tuple[Sent, ...]
    targets: tuple[str, ...]  # the Variants that it can be sent to
    told: tuple[str, ...]  # those of them that were sent all that is said in it

    @property
    def first(self) -> Remark:
        return self.remarks[0]

    @property
    def draft(self) -> bool:
        return self.first.draft

    @property
    def drafts(self) -> int:
        return sum(remark.draft for remark in self.remarks)

    @property
    def target(self) -> str:
        """The Variant that an answer is most likely for."""
        wanted = self.letter or (self.against if len(self.against) == 1 else "")
        return wanted if wanted in self.targets else ""

    @property
    def applied_commit(self) -> str:
        """Of the last suggestion in it that was carried out."""
        return next((r.applied_commit for r in reversed(self.remarks) if r.applied_commit), "")

    @property
    def on(self) -> str:
        return self.letter or BASE

    @property
    def shown_path(self) -> str:
        return display_path(self.path)

    @property
    def applicable(self) -> bool:
        """The lines are there to the letter, so a suggestion can be carried out that was not yet."""
        return bool(
            self.about == About.LINES
            and self.letter in self.targets
            and not (self.draft or self.outdated)
            and self.same
        )

    @property
    def suggestible(self) -> bool:
        """Other lines can be suggested in it."""
        return self.about == About.LINES and bool(self.letter)

    @property
    def counts_as(self) -> frozenset[str]:
        """The filters that show it."""
        found = {"all", "resolved" if self.resolved else "open"}
        if self.drafts:
            found.add("drafts")
        if self.outdated:
            found.add("outdated")
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class ThreadList:
    """All threads of a Task that a person sees, and how many each filter shows."""

    task: Task
    letter: str
    shown: str
    threads: tuple[Thread, ...]
    counts: dict[str, int] = field(default_factory=dict)
    drafts: int = 0
    letters: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


def comments_for(user: Viewer) -> QuerySet[Comment]:
    visible = ~Q(state=CommentState.DRAFT) | Q(author_id=user.pk or 0)
    return Comment.objects.filter(visible, task__in=tasks_for(user))


def comment_get_for(user: Viewer, comment_id: object) -> Comment:
    number = number_of(str(comment_id))
    found = None
    if number is not None:
        related = ("task__project", "task__spec", "variant", "thread__variant", "author")
        found = comments_for(user).filter(pk=number).select_related(*related).first()
    if found is None:
        raise NotFound("comment.not-found", f"There is no comment {str(comment_id)[:60]!r}.")
    return found


def comments_of(
    user: Viewer, task: Task, *, threads: Collection[int] | None = None
) -> list[Comment]:
    found = comments_for(user).filter(task=task)
    if threads is not None:
        found = found.filter(Q(pk__in=threads) | Q(thread__in=threads))
    return list(
        found.select_related("author", "variant", "resolved_by")
        .prefetch_related("follow_ups__run", "follow_ups__variant")
        .order_by("pk")
    )


def send_targets(task_id: int) -> tuple[str, ...]:
    """The letters of the Variants whose agents take more work."""
    open_ones = Variant.objects.filter(
        task_id=task_id, task__resolution=Resolution.OPEN, archived_at=None
    )
    return tuple(open_ones.order_by("position").values_list("letter", flat=True))


def side_variant(task: Task, side: Side) -> str:
    """What a comment on a side is about: `base`, a letter; "" for a commit that is neither's."""
    if side.letter:
        return side.letter
    if side.commit == task.spec.base_commit:
        return BASE
    found = Snapshot.objects.filter(variant__task=task, commit=side.commit)
    return found.values_list("variant__letter", flat=True).first() or ""


def threads_on(user: Viewer, task: Task, *, sides: Sequence[tuple[str, str]]) -> list[list[Thread]]:
    """The threads about lines and files of each side (what it is on), placed on the commit that it shows."""
    grouped = _grouped(comments_of(user, task))
    targets = send_targets(task.pk)
    found = []
    for on, commit in sides:
        wanted = [
            root for root in grouped if _on(root) == on and root.about in (About.LINES, About.FILE)
        ]
        spots = comment_spots(hub=hub_dir(task.project_id), comments=wanted, commit=commit)
        found.append(
            [_thread(root, grouped[root], spots[root.pk], user, targets) for root in wanted]
        )
    return found


def thread_list(user: Viewer, task: Task, *, shown: str = "open", letter: str = "") -> ThreadList:
    """Threads where they stand now: those on a Variant on its newest snapshot."""
    everything = thread_rows(user, task)
    threads = [t for t in everything if not letter or letter in (t.letter, t.against)]
    counts = Counter(name for thread in threads for name in thread.counts_as)
    return ThreadList(
        task=task,
        letter=letter,
        shown=shown,
        threads=tuple(thread for thread in threads if shown in thread.counts_as),
        counts={name: counts[name] for name in FILTERS},
        drafts=sum(thread.drafts for thread in everything),
        letters=tuple(task.variants.order_by("position").values_list("letter", flat=True)),
        targets=send_targets(task.pk),
    )


def thread_of(user: Viewer, comment: Comment) -> Thread:
    """The thread that a comment is in."""
    root = comment.thread_id or comment.pk
    return thread_rows(user, comment.task, only=[root])[0]


def thread_rows(user: Viewer, task: Task, *, only: Collection[int] | None = None) -> list[Thread]:
    return sorted(_threads(comments_of(user, task, threads=only), user, task), key=_order)


def forms_for(threads: Sequence[Thread], asked: Collection[int] = ()) -> frozenset[int]:
    """Of these threads in order, those to show with all their forms; the others fetch them when they are wanted."""
    return frozenset(thread.id for thread in threads[:FORMS_FIRST]) | frozenset(asked)


def _threads(comments: Iterable[Comment], user: Viewer, task: Task) -> list[Thread]:
    grouped = _grouped(comments)
    heads = {v.pk: v.head_commit for v in task.variants.all()}
    by_commit: defaultdict[str, list[Comment]] = defaultdict(list)
    for root in grouped:
        head = heads.get(root.variant_id or 0)
        by_commit[head or task.spec.base_commit].append(root)
    hub, spots = hub_dir(task.project_id), dict[int, Spot | None]()
    for commit, roots in by_commit.items():
        spots |= comment_spots(hub=hub, comments=roots, commit=commit)
    targets = send_targets(task.pk)
    return [_thread(r, replies, spots.get(r.pk), user, targets) for r, replies in grouped.items()]


def _order(thread: Thread) -> tuple[bool, str, str, int, int]:
    """What is about the whole first, then by side, file and line."""
    return (
        thread.about in (About.LINES, About.FILE),
        thread.letter,
        thread.path,
        thread.start,
        thread.id,
    )


def open_counts(user: Viewer, task_id: int) -> dict[str, int]:
    """Threads that are not resolved, by the letter they are on ("" for the base)."""
    roots = comments_for(user).filter(task_id=task_id, thread=None)
    letters = roots.exclude(state=CommentState.RESOLVED).values_list("variant__letter", flat=True)
    return dict(Counter(letter or "" for letter in letters))


def _grouped(comments: Iterable[Comment]) -> dict[Comment, list[Comment]]:
    """Threads with their replies. A reply whose thread is another person's draft cannot be."""
    grouped: dict[Comment, list[Comment]] = {}
    by_id: dict[int, list[Comment]] = {}
    for comment in comments:
        if comment.thread_id is None:
            by_id[comment.pk] = grouped[comment] = []
        elif comment.thread_id in by_id:
            by_id[comment.thread_id].append(comment)
    return grouped


def _on(comment: Comment) -> str:
    return comment.variant.letter if comment.variant else BASE


def _thread(
    root: Comment,
    replies: Sequence[Comment],
    spot: Spot | None,
    user: Viewer,
    targets: tuple[str, ...],
) -> Thread:
    placed = root.about in (About.LINES, About.FILE)
    return Thread(
        id=root.pk,
        about=root.about,
        letter=root.variant.letter if root.variant else "",
        against=root.against,
        path=spot.path if spot else path_real(root.path),
        start=(spot.start if spot else root.start) or 0,
        end=(spot.end if spot else root.end) or 0,
        outdated=placed and spot is None,
        same=spot is None or spot.same,
        commit=root.commit,
        said_on=SaidOn(path_real(root.path), root.start or 0, root.end or 0),
        lines=tuple(root.lines),
        before=tuple(root.before),
        after=tuple(root.after),
        resolved=root.state == CommentState.RESOLVED,
        resolved_by=root.resolved_by,
        remarks=tuple(_remark(comment, user) for comment in (root, *replies)),
        sent=tuple(_sent(follow_up) for follow_up in root.follow_ups.all()),
        targets=targets,
        told=tuple(sorted(told_all((root, *replies), root.follow_ups.all()))),
    )


def told_all(thread: Iterable[Comment], follow_ups: Iterable[FollowUp]) -> dict[str, FollowUp]:
    """By letter, the newest of these messages that was sent after all that is said in a thread for all to read."""
    said = (c for c in thread if c.state != CommentState.DRAFT and not c.deleted_at)
    newest = max((max(c.created_at, c.edited_at or c.created_at) for c in said), default=None)
    if newest is None:
        return {}
    return {f.variant.letter: f for f in follow_ups if f.created_at >= newest}


def _remark(comment: Comment, user: Viewer) -> Remark:
    return Remark(
        id=comment.pk,
        author=comment.author,
        source=comment.source,
        severity=comment.severity,
        body=comment.body,
        suggestion=comment.suggestion,
        applied_commit=comment.applied_commit,
        draft=comment.state == CommentState.DRAFT,
        mine=comment.author_id is not None and comment.author_id == user.pk,
        edited=comment.edited_at is not None,
        deleted=comment.deleted_at is not None,
        at=comment.created_at,
    )


def _sent(follow_up: FollowUp) -> Sent:
    run, variant = follow_up.run, follow_up.variant
    url = variant.get_absolute_url()
    return Sent(
        letter=variant.letter,
        run=run.number if run else None,
        url=f"{url}#run-{run.id.hex}" if run else url,
    )


def thread_url(thread: Thread, *, task_id: int) -> str:
    """The page that shows a thread where it stands; the list of comments for what stands nowhere."""
    anchor = f"#comment-{thread.id}"
    if thread.about == About.COMPARISON:
        query = {"left": thread.against, "right": thread.on}
        return f"{reverse('review:compare', args=[task_id])}?{urlencode(query)}{anchor}"
    if thread.about == About.VARIANT or thread.outdated:
        shown = "outdated" if thread.outdated else "all"
        return f"{reverse('review:comments', args=[task_id])}?show={shown}{anchor}"
    left, right = _sides(thread)
    query = {"left": left, "right": right, "path": path_text(thread.path)}
    return f"{reverse('review:compare', args=[task_id])}?{urlencode(query)}{anchor}"


def _sides(thread: Thread) -> tuple[str, str]:
    """The base stands left, as does what a Variant was compared with."""
    other = thread.against
    if not thread.letter:
        return BASE, other or ""
    return (other or BASE), thread.letter
