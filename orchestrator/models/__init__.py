from __future__ import annotations

from orchestrator.models.access import ApiToken, LoginCode
from orchestrator.models.activity import Activity
from orchestrator.models.host import Host
from orchestrator.models.preview import Preview
from orchestrator.models.project import Project
from orchestrator.models.run import Permission, Run, Snapshot
from orchestrator.models.task import Environment, FollowUp, Spec, Task, Variant

__all__ = [
    "Activity",
    "ApiToken",
    "Environment",
    "FollowUp",
    "Host",
    "LoginCode",
    "Permission",
    "Preview",
    "Project",
    "Run",
    "Snapshot",
    "Spec",
    "Task",
    "Variant",
]
