"""People's answers to agents' permission requests."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from agents.clean import UNSTORABLE
from orchestrator.lib import queue
from orchestrator.lib.errors import Conflict, Invalid, NotFound
from orchestrator.models import Permission, Run
from orchestrator.services import activity
from orchestrator.services.run_states import run_changed
from orchestrator.states import PermissionState

MESSAGE_MAX = 10_000


def permission_decide(
    *,
    user: User,
    run: Run,
    request: str,
    allow: bool,
    scope: str = "once",
    message: str = "",
) -> Permission:
    """Store the answer; the agent's follower delivers it. The first answer stands."""
    if scope not in ("once", "run"):
        raise Invalid("permission.scope", "The scope must be “once” or “run”.")
    if len(message) > MESSAGE_MAX or UNSTORABLE.search(message):
        raise Invalid(
            "permission.message", f"At most {MESSAGE_MAX} characters, all of which can be stored."
        )
    known = Permission.objects.filter(run=run)
    permission = None if "\0" in request else known.filter(request=request).first()
    if permission is None:
        raise NotFound("permission.not-found", "There is no such request in this run.")
    if scope == "run" and permission.payload.get("category") == "question":
        raise Invalid("permission.scope", "A question is answered once: the next is another one.")
    with transaction.atomic():
        decided = Permission.objects.filter(pk=permission.pk, state=PermissionState.PENDING).update(
            state=PermissionState.ALLOWED if allow else PermissionState.DENIED,
            scope=scope if allow else "once",
            message=message,
            decided_by=user,
            decider=user.get_full_name() or user.username,
            decided_at=timezone.now(),
        )
        if not decided:
            raise Conflict("permission.decided", "This request has already been answered.")
        activity.record(
            verb="permission.allowed" if allow else "permission.denied",
            user=user,
            run=run,
            text=permission.title[:300],
        )
        queue.enqueue("orchestrator.follow_poke")
        run_changed(run)
    permission.refresh_from_db()
    return permission
