"""Ending what runs and belongs to nobody: apps that were stopped by half, processes whose shim is dead."""

from __future__ import annotations

import logging
import uuid

from agents.bundle import Bundle, BundleError
from agents.processes import runs_marked
from orchestrator.lib import paths
from orchestrator.models import Preview, Run
from orchestrator.services.previews import bundle_stop
from orchestrator.states import PreviewState

log = logging.getLogger(__name__)


def processes_sweep() -> None:
    """Marks are looked at before the database: what is started meanwhile is not taken for an orphan."""
    marked = [found for mark in runs_marked() if (found := _bundle_id(mark))]
    runs = set(Run.objects.filter(pk__in=marked).values_list("pk", flat=True))
    running = [PreviewState.STARTING, PreviewState.READY]
    previews = Preview.objects.filter(bundle__in=marked, state__in=running)
    owned = runs | set(previews.values_list("bundle", flat=True))
    for bundle_id in marked:
        bundle = Bundle(paths.bundle_dir(bundle_id.hex))
        if bundle_id not in owned and not bundle.path.exists():
            continue  # of another installation on this machine
        try:
            if not bundle.shim_alive():
                bundle.kill_processes()
            elif bundle_id not in owned:
                bundle_stop(bundle_id)
        except (BundleError, OSError):
            log.exception("what is left of bundle %s cannot be ended", bundle.id)


def _bundle_id(mark: str) -> uuid.UUID | None:
    """Any process may carry any text as its mark."""
    try:
        found = uuid.UUID(hex=mark)
    except ValueError:
        return None
    return found if found.hex == mark else None
