"""Dropping bundles that nobody needs any more: raw journals, which no page shows.

What people see of a Run is its feed, sealed and redacted, which is kept. The log of a Preview is the journal
of its newest start, which is kept as well.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from agents.bundle import Bundle
from orchestrator import feed, feed_sealed
from orchestrator.lib import paths
from orchestrator.models import Preview, Run

log = logging.getLogger(__name__)

_AT_ONCE = 500


def bundles_expire() -> int:
    """Drop the bundles of what ended so many days ago; returns how many."""
    days = settings.BAKEOFF_KEEP_JOURNALS_DAYS
    root = paths.bundles_dir()
    if not days or not root.is_dir():
        return 0
    bundles = [Bundle(path) for path in sorted(root.iterdir()) if _is_id(path.name)]
    dropped = 0
    for start in range(0, len(bundles), _AT_ONCE):
        for bundle in _expired(bundles[start : start + _AT_ONCE], timedelta(days=days)):
            try:
                dropped += _drop(bundle)
            except OSError as exc:
                log.warning("the bundle %s cannot be dropped: %s", bundle.id, exc)
    return dropped


def _is_id(name: str) -> bool:
    """Else it is a bundle that is being made, or was being dropped."""
    return len(name) == 32 and not set(name) - set("0123456789abcdef")


def _expired(bundles: list[Bundle], age: timedelta) -> Iterator[Bundle]:
    ids = {bundle.id: uuid.UUID(hex=bundle.id) for bundle in bundles}
    runs = Run.objects.only("host", "sealed_at", "last_seq").in_bulk(list(ids.values()))
    shown = set(Preview.objects.filter(bundle__in=ids.values()).values_list("bundle", flat=True))
    before = timezone.now() - age
    for bundle in bundles:
        run = runs.get(ids[bundle.id])
        if run is not None:
            if run.sealed_at and run.sealed_at < before and _is_told(run):
                yield bundle
        elif ids[bundle.id] not in shown and _written_at(bundle) < before.timestamp():
            yield bundle  # of an app that was started again since, or of something deleted


def _is_told(run: Run) -> bool:
    """Can all of it be read elsewhere? Until then the journal is the truth."""
    if run.host != paths.host_id() or not feed.sealed(run.id.hex):
        return False
    return feed_sealed.last_seq(run.id.hex) == run.last_seq


def _written_at(bundle: Bundle) -> float:
    try:
        return bundle.journal_path.stat().st_mtime
    except FileNotFoundError:
        return bundle.path.stat().st_mtime


def _drop(bundle: Bundle) -> bool:
    if bundle.shim_alive() or bundle.processes():
        return False
    # Away as a whole: what a killed worker leaves of it is nobody's bundle any more.
    gone = bundle.path.with_name(f".{bundle.id}.gone")
    bundle.path.rename(gone)
    shutil.rmtree(gone)
    files = paths.run_files_dir(bundle.id)
    if files.exists():
        shutil.rmtree(files)
    return True
