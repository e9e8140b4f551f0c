"""Comments: the list of a task, the threads beside a file, and what people do with them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.numbers import ID_MAX, number_of
from orchestrator.selectors.access import task_get_for
from orchestrator.views.answers import PageRequest, acted, action
from review.models.comment import About
from review.selectors.columns_address import ColumnsAddress, columns_address_check
from review.selectors.comments import (
    FILTERS,
    comment_get_for,
    comments_for,
    forms_for,
    thread_list,
    thread_of,
    thread_rows,
    thread_url,
)
from review.selectors.compare import comparison_get
from review.selectors.file_threads import (
    FileSides,
    columns_sides,
    comparison_sides,
    file_threads,
    sides_as_seen,
    whole_file_sides_at,
)
from review.services import comments as services
from review.services.comment_applying import suggestion_apply
from review.services.comment_sending import comment_post, comments_send

LINES_MAX = 10**9
IDS_MAX = 500


@require_http_methods(["GET", "POST"])
def comments(request: PageRequest, task_id: int) -> HttpResponse:
    if request.method == "POST":
        made: HttpResponse = _comment_new(request, task_id)
        return made
    task = task_get_for(request.user, task_id)
    shown = request.GET.get("show", "open")
    if shown not in FILTERS:
        raise Invalid("comment.filter", f"show is one of {', '.join(FILTERS)}.")
    rows = thread_list(request.user, task, shown=shown, letter=request.GET.get("variant", "")[:1])
    shown_with = _ids(request.GET.get("forms", "")) | _ids(request.GET.get("thread", ""))
    context = {
        "list": rows,
        "full": forms_for(rows.threads, shown_with),
        "left": request.GET.get("left", ""),
        "right": request.GET.get("right", ""),
        "here": _here(request),
        "nav": "tasks",
        "task": task,
    }
    if request.htmx:
        return render(request, "review/_comment_list.html", context)
    return render(request, "review/comments.html", context)


def _here(request: HttpRequest) -> str:
    """The address of the list, but for which threads have their forms now."""
    query = request.GET.copy()
    query.pop("forms", None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _ids(text: str) -> frozenset[int]:
    found = (number_of(part, most=ID_MAX) for part in text.split(",")[:IDS_MAX])
    return frozenset(number for number in found if number is not None)


@require_GET
def comment_forms(request: PageRequest, task_id: int) -> HttpResponse:
    """The threads with these `ids`, with all that can be done with them."""
    task = task_get_for(request.user, task_id)
    threads = thread_rows(request.user, task, only=_ids(request.GET.get("ids", "")))
    context = {
        "threads": threads,
        "full": frozenset(thread.id for thread in threads),
        "here": request.GET.get("next", ""),
        "task": task,
    }
    return render(request, "review/_comment_forms.html", context)


@action
def _comment_new(request: PageRequest, task_id: int) -> HttpResponse:
    task = task_get_for(request.user, task_id)
    made = comment_post(
        user=request.user,
        task=task,
        to=_target(request),
        send_to=_send_to(request),
        **_said(request),
    )
    return acted(request, to=reverse("review:comment", args=[made.pk]))


@require_GET
def comment_threads(request: PageRequest, task_id: int) -> HttpResponse:
    """The threads beside one file: in a comparison, in columns (`of`), or by itself (`at`).

    204 while they are what the page shows.
    """
    query = request.GET
    sides = sides_as_seen(
        _sides(request.user, task_id, query), query.get("seen_commits", "").split(",")
    )
    found = file_threads(request.user, sides)
    if query.get("seen") == found.digest:
        return HttpResponse(status=204)
    asked = _ids(query.get("forms", ""))
    context = {
        "found": found,
        "full": forms_for([placed.thread for placed in found.placed], asked),
        "excerpt": not sides.lined,
        "task": sides.task,
    }
    return render(request, "review/_file_threads.html", context)


def _sides(user: User, task_id: int, query: QueryDict) -> FileSides:
    path = query.get("path", "")
    if "of" in query:
        address = ColumnsAddress(task_id=task_id, path=path, of=query.get("of", ""))
        of = columns_address_check(address).refs
        return columns_sides(user=user, task_id=task_id, of=of, path=path)
    if "at" in query:
        return whole_file_sides_at(user=user, task_id=task_id, at=query.get("at", ""), path=path)
    left, right = query.get("left", ""), query.get("right", "")
    comparison = comparison_get(user=user, task_id=task_id, left=left, right=right)
    return comparison_sides(comparison, path)


@require_GET
def comment(request: PageRequest, comment_id: int) -> HttpResponse:
    """Where it stands now: the diff at its line, or the list."""
    found = comment_get_for(request.user, comment_id)
    return redirect(thread_url(thread_of(request.user, found), task_id=found.task_id))


@action
def comment_reply(request: PageRequest, comment_id: int) -> HttpResponse:
    """A reply; with `send_to` the whole thread goes to that agent, also without a reply."""
    thread, said = comment_get_for(request.user, comment_id), _said(request)
    send_to = _send_to(request)
    if send_to and not said["body"].strip() and said["suggestion"] is None:
        comments_send(
            user=request.user,
            task=thread.task,
            comments=[thread],
            letters=[send_to],
            again="again" in request.POST,
        )
    else:
        comment_post(user=request.user, task=thread.task, to=thread, send_to=send_to, **said)
    return acted(request, to=reverse("review:comment", args=[thread.pk]))


@action
def comment_act(request: PageRequest, comment_id: int, act: str) -> HttpResponse:
    found, user = comment_get_for(request.user, comment_id), request.user
    text = ""
    match act:
        case "edit":
            said = _said(request)
            del said["draft"], said["once"]
            services.comment_edit(user=user, comment=found, **said)
        case "delete":
            services.comment_delete(user=user, comment=found)
        case "publish":
            services.comments_publish(user=user, task=found.task, ids=[found.pk])
        case "apply":
            commit = suggestion_apply(user=user, comment=found)
            text = f"Applied as {commit[:7]}."
        case _:
            services.thread_resolve(user=user, thread=found, resolved=act == "resolve")
    return acted(request, to=reverse("review:comments", args=[found.task_id]), text=text)


@action
def comments_publish(request: PageRequest, task_id: int) -> HttpResponse:
    task = task_get_for(request.user, task_id)
    done = services.comments_publish(user=request.user, task=task)
    text = f"{done} comment{'' if done == 1 else 's'} published."
    return acted(request, to=reverse("review:comments", args=[task.pk]), text=text)


@action
def comments_to_agents(request: PageRequest, task_id: int) -> HttpResponse:
    """Send the chosen threads to the chosen variants; with `all` to every one."""
    task = task_get_for(request.user, task_id)
    ids = [_number(text, ID_MAX) for text in request.POST.getlist("comments")]
    letters = request.POST.getlist("variants")
    if not letters and "all" not in request.POST:
        raise Invalid("comment.target", "Choose the variants to send them to.")
    asked_at = timezone.now()
    sent = comments_send(
        user=request.user,
        task=task,
        comments=list(comments_for(request.user).filter(task=task, pk__in=ids)),
        letters=None if "all" in request.POST else letters,
    )
    if all(follow_up.created_at < asked_at for follow_up in sent):
        raise Conflict(
            "comment.sent",
            "Nothing is new: they were sent already, and nothing was said since. “Send again” in a thread does.",
        )
    return acted(request, to=reverse("review:comments", args=[task.pk]), text="Sent.")


def _said(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    return {
        "body": post.get("body", "").replace("\r\n", "\n"),
        "suggestion": post.get("suggestion"),
        "draft": post.get("do") == "draft",
        "once": _once(post.get("once", "")),
    }


def _once(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid("comment.once", f"{text[:40]!r} is not the name of a form.") from None


def _send_to(request: HttpRequest) -> str:
    return (request.POST.get("send_to") or request.POST.get("again", ""))[:1]


def _target(request: HttpRequest) -> services.Target:
    """From fields, or from one that says `variant:A` or `comparison:A:B`."""
    post = request.POST
    if post.get("target"):
        about, _, rest = post["target"].partition(":")
        against, _, on = rest.rpartition(":")
        return services.Target(about=about, on=on, against=against)
    return services.Target(
        about=post.get("about", About.LINES),
        on=post.get("on", ""),
        against=post.get("against", ""),
        commit=post.get("commit", ""),
        path=post.get("path", ""),
        start=_number(post.get("start", "") or "0", LINES_MAX),
        end=_number(post.get("end", "") or "0", LINES_MAX),
    )


def _number(text: str, most: int) -> int:
    number = number_of(text, most=most)
    if number is None:
        raise Invalid("number.invalid", f"{text[:40]!r} is not a number that can be.")
    return number
