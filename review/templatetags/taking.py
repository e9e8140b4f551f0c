"""What pages need on which something can be taken for a new variant."""

from __future__ import annotations

from django import template
from django.urls import reverse

from orchestrator.models import Task
from review.selectors.taking import taking_shut

register = template.Library()


@register.inclusion_tag("review/_tray_place.html")
def tray_place(task: Task) -> dict[str, str]:
    """Where the tray of the person will stand."""
    url = reverse("review:tray", args=[task.pk])
    return {"url": url, "live": f"live:task:{task.pk}", "shut": taking_shut(task)}


@register.inclusion_tag("review/_taking_why.html")
def taking_why(task: Task) -> dict[str, str]:
    """One line where nothing can be taken; it follows the tray."""
    return {"shut": taking_shut(task)}
