"""Marking what a person has looked at. A mark is that person's alone."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.lib.errors import Invalid
from review.hunks import FileHunks
from review.models import ViewedMark
from review.selectors.compare import Comparison
from review.selectors.viewed import Seen, file_key, file_seen, marked_get, whole_key


def file_viewed_set(*, user: User, comparison: Comparison, file: FileHunks, viewed: bool) -> Seen:
    """Mark all hunks of the file, or none."""
    return _set(user, comparison, file, [hunk.key for hunk in file.hunks], viewed)


def hunks_viewed_set(
    *, user: User, comparison: Comparison, file: FileHunks, keys: Sequence[str], viewed: bool
) -> Seen:
    """Mark some hunks; once the last is marked, the person is done with the file."""
    if not set(keys) <= {hunk.key for hunk in file.hunks}:
        raise Invalid("hunk.not-found", "The file has changed: it has no such change any more.")
    return _set(user, comparison, file, keys, viewed)


@transaction.atomic
def _set(
    user: User, comparison: Comparison, file: FileHunks, keys: Sequence[str], viewed: bool
) -> Seen:
    whole = whole_key(comparison)
    mine = ViewedMark.objects.filter(user=user, task=comparison.task, file=file_key(file))
    if viewed:
        _marks_add(user, comparison, file, keys)
    else:
        mine.filter(key__in=[whole, *keys]).delete()
    seen = file_seen(file, marked_get(user=user, comparison=comparison, file=file))
    if seen is Seen.VIEWED:
        _marks_add(user, comparison, file, [whole])
    return seen


def _marks_add(user: User, comparison: Comparison, file: FileHunks, keys: Sequence[str]) -> None:
    task, place = comparison.task, file_key(file)
    ViewedMark.objects.bulk_create(
        [ViewedMark(user=user, task=task, file=place, key=key) for key in dict.fromkeys(keys)],
        ignore_conflicts=True,
    )
