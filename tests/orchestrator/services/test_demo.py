"""The demo's task is made once, whatever was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from orchestrator.git import hub
from orchestrator.models import Project, Task
from orchestrator.services.demo import demo_seed
from orchestrator.states import ProjectState

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_demo_that_was_killed_while_it_imported_goes_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = User.objects.create_user("pat")

    def killed(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hub, "hub_create", killed)
        with pytest.raises(KeyboardInterrupt):
            demo_seed(user)
    assert Project.objects.get().state == ProjectState.CLONING
    task = demo_seed(user)
    assert task.variants.count() == 2
    assert demo_seed(user) == task
    assert Task.objects.count() == 1
