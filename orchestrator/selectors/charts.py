"""A Task's course as charts: when who worked, what it cost, how the change grew. From the database alone.

Places are per cent of the time from the first Run's queueing to the last end, or to now.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from orchestrator.models import Permission, Run, Snapshot, Task, Variant
from orchestrator.states import RUN_ACTIVE

POINTS_MAX = 200
TICKS_MAX = 6
_STEPS_S = (
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """`kind` is queued, working or waiting."""

    kind: str
    left: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    letter: str
    agent: str
    bars: tuple[Bar, ...]
    runs: int
    queued_s: float
    working_s: float | None
    waiting_s: float
    composed: bool
    ended_s: float | None  # since the beginning; None while it goes on, or without a run


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """`points` as SVG writes them, in a box of 1000 by 100; `label_at` is where its letter stands."""

    letter: str
    points: str
    last: float
    label_at: float
    count: int


@dataclass(frozen=True, slots=True)
class Graph:
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, float], ...]  # of the scale: place from the top, value
    table: tuple[tuple[str, tuple[float | None, ...]], ...]  # by letter, at the ticks and the end


@dataclass(frozen=True, slots=True)
class Charts:
    """A graph is None where nothing was reported that it could show."""

    span_s: float
    running: bool
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]
    growth: Graph | None
    cost: Graph | None
    tokens: Graph | None

    @property
    def columns(self) -> tuple[float, ...]:
        """The moments that the tables have columns for."""
        return (*(tick.seconds for tick in self.ticks if 0 < tick.at < 99), self.span_s)


Course = list[tuple[datetime, float]]


def task_charts(task: Task) -> Charts | None:
    """None before anything has run. `task` comes from an accessor."""
    variants = list(task.variants.select_related("agent").order_by("position"))
    runs: dict[int, list[Run]] = defaultdict(list)
    for run in Run.objects.filter(variant__task=task).order_by("number").defer("prompt"):
        runs[run.variant_id].append(run)
    if not any(run.prepared_at or run.started_at for each in runs.values() for run in each):
        return None
    waits: dict[object, list[Permission]] = defaultdict(list)
    asked = Permission.objects.filter(run__variant__task=task).only("run", "asked_at", "decided_at")
    for permission in asked:
        waits[permission.run_id].append(permission)
    everything = [run for each in runs.values() for run in each]
    now = timezone.now()
    running = any(run.state in RUN_ACTIVE for run in everything)
    begun = min(run.queued_at for run in everything)
    ends = [run.ended_at for run in everything if run.ended_at]
    ended = now if running or not ends else max(ends)
    time = _Time(begun, max((ended - begun).total_seconds(), 1.0))
    ticks = time.ticks()
    sizes = _sizes(task)
    letters = {variant.pk: variant.letter for variant in variants}
    columns = [*(tick.seconds for tick in ticks if 0 < tick.at < 99), time.span_s]
    return Charts(
        span_s=time.span_s,
        running=running,
        ticks=ticks,
        lanes=tuple(
            _lane(v, runs[v.pk], waits, time, now) for v in variants
        ),
        growth=_graph(
            {letters[pk]: _from_zero(runs[pk], course) for pk, course in sizes.items()},
            time, columns, now, whole=True,
        ),
        cost=_graph(
            {letters[pk]: _spent(each, now, _cost) for pk, each in runs.items()},
            time, columns, now,
        ),
        tokens=_graph(
            {letters[pk]: _spent(each, now, _tokens) for pk, each in runs.items()},
            time, columns, now, whole=True,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Time:
    begun: datetime
    span_s: float

    def at(self, moment: datetime) -> float:
        share = (moment - self.begun).total_seconds() / self.span_s
        return round(100 * min(1.0, max(0.0, share)), 2)

    def moment(self, seconds: float) -> datetime:
        return self.begun + timedelta(seconds=seconds)

    def ticks(self) -> tuple[Tick, ...]:
        days = (86_400 * n for n in (2, 7, 30, 365))
        step = next((s for s in (*_STEPS_S, *days) if self.span_s / s <= TICKS_MAX), 10**9)
        count = int(self.span_s // step)
        return tuple(
            Tick(round(100 * n * step / self.span_s, 2), float(n * step)) for n in range(count + 1)
        )


def _lane(
    variant: Variant,
    runs: Sequence[Run],
    waits: Mapping[object, Sequence[Permission]],
    time: _Time,
    now: datetime,
) -> Lane:
    letter = variant.letter
    bars: list[Bar] = []
    seconds = {"queued": 0.0, "working": 0.0, "waiting": 0.0}

    def add(kind: str, start: datetime, end: datetime, words: str) -> None:
        length = (end - start).total_seconds()
        if length <= 0:
            return
        seconds[kind] += length
        left = time.at(start)
        bars.append(Bar(kind, left, round(max(0.3, time.at(end) - left), 2), words))

    for run in runs:
        start, end = run.prepared_at or run.started_at, run.ended_at or now
        which = f"run {run.number}" if len(runs) > 1 else "run"
        add("queued", run.queued_at, start or end, f"{letter}: {which} waits for a slot")
        if start is None:
            continue
        add("working", start, end, f"{letter}: {which}")
        for wait in waits[run.pk]:
            until = min(wait.decided_at or end, end)
            add("waiting", max(wait.asked_at, start), until, f"{letter} waits for an answer")
    over = [run.ended_at for run in runs if run.ended_at]
    goes_on = len(over) < len(runs) or not over
    began = any(run.prepared_at or run.started_at for run in runs)
    return Lane(
        letter=letter,
        agent=variant.maker,
        composed=variant.composed,
        bars=tuple(bars),
        runs=len(runs),
        queued_s=seconds["queued"],
        working_s=seconds["working"] if began else None,
        waiting_s=seconds["waiting"],
        ended_s=None if goes_on else (max(over) - time.begun).total_seconds(),
    )


def _sizes(task: Task) -> dict[int, Course]:
    """By Variant, how many lines differed from the base at each Snapshot."""
    found: dict[int, Course] = defaultdict(list)
    rows = Snapshot.objects.filter(variant__task=task).order_by("pk")
    for variant, moment, plus, minus in rows.values_list(
        "variant_id", "taken_at", "insertions", "deletions"
    ):
        found[variant].append((moment, float(plus + minus)))
    return found


def _from_zero(runs: Sequence[Run], course: Course) -> Course:
    start = next((moment for run in runs if (moment := run.prepared_at or run.started_at)), None)
    return [(start, 0.0), *course] if start and start <= course[0][0] else course


def _cost(run: Run) -> float | None:
    return None if run.cost_usd is None else float(run.cost_usd)


def _tokens(run: Run) -> float | None:
    counts = [count for count in (run.input_tokens, run.output_tokens) if count is not None]
    return float(sum(counts)) if counts else None


def _spent(runs: Sequence[Run], now: datetime, measure: Callable[[Run], float | None]) -> Course:
    """The sum as it stood at the end of each Run (or stands now): what is in between was not reported."""
    course: Course = []
    total = 0.0
    for run in runs:
        start, spent = run.prepared_at or run.started_at, measure(run)
        if start is None or spent is None:
            continue
        if not course:
            course.append((start, 0.0))
        total += spent
        course.append((run.ended_at or now, total))
    return course


def _graph(
    courses: Mapping[str, Course],
    time: _Time,
    columns: Sequence[float],
    now: datetime,
    *,
    whole: bool = False,
) -> Graph | None:
    courses = {letter: course for letter, course in sorted(courses.items()) if course}
    most = max((value for course in courses.values() for _, value in course), default=0.0)
    if not most:
        return None
    top, marks = _scale(most, whole=whole)
    places = _apart([100 * (1 - course[-1][1] / top) for course in courses.values()])
    lines = [
        Line(
            letter=letter,
            points=_points(course, time, top, now),
            last=course[-1][1],
            label_at=place,
            count=len(course),
        )
        for (letter, course), place in zip(courses.items(), places, strict=True)
    ]
    table = tuple(
        (letter, tuple(_value(course, time.moment(second)) for second in columns))
        for letter, course in courses.items()
    )
    return Graph(tuple(lines), marks, table)


def _scale(most: float, *, whole: bool) -> tuple[float, tuple[tuple[float, float], ...]]:
    """A round number above everything, and the marks up to it."""
    size = 10 ** math.floor(math.log10(most))
    step = next(size * f for f in (0.25, 0.5, 1, 2, 2.5, 5) if most / (size * f) <= 4)
    if whole:
        step = max(1.0, math.ceil(step))
    count = math.ceil(most / step)
    top = step * count
    return top, tuple((round(100 * (1 - n / count), 2), step * n) for n in range(count + 1))


def _points(course: Course, time: _Time, top: float, now: datetime) -> str:
    """Steps: a value holds until the next one is known."""
    dots: list[tuple[float, float]] = []
    for moment, value in _thin(course):
        x, y = 10 * time.at(moment), 100 * (1 - value / top)
        if dots:
            dots.append((x, dots[-1][1]))
        dots.append((x, y))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)


def _thin(course: Course) -> Course:
    """At most POINTS_MAX of them; the last is always among them."""
    if len(course) <= POINTS_MAX:
        return course
    step = len(course) / POINTS_MAX
    return [course[int(n * step)] for n in range(POINTS_MAX - 1)] + [course[-1]]


def _value(course: Course, moment: datetime) -> float | None:
    known = [value for at, value in course if at <= moment + timedelta(milliseconds=1)]
    return known[-1] if known else None


def _apart(places: Iterable[float]) -> list[float]:
    """The same places, moved so far apart that letters beside them do not cover each other."""
    wanted = list(places)
    gap = min(11.0, 100 / max(1, len(wanted)))
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    moved = list(wanted)
    floor = 0.0
    for n in order:
        moved[n] = max(wanted[n], floor)
        floor = moved[n] + gap
    ceiling = 100.0
    for n in reversed(order):
        moved[n] = round(min(moved[n], ceiling), 2)
        ceiling = moved[n] - gap
    return moved
