"""A project with a real origin and hub, and variants whose commits are really there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from agents.models import AgentProfile
from orchestrator.git.hub import commit_resolve, hub_create
from orchestrator.lib import paths
from orchestrator.models import Project, Run, Spec, Task, Variant
from orchestrator.states import LETTERS, ProjectState, RunState
from tests.support.repositories import plain_git, write

FILES = {"README.md": "# Shop\n", "src/app.py": "one\ntwo\nthree\n"}


@dataclass
class Shop:
    """`origin` is what the person added; `copy` a clone of it to commit in."""

    origin: Path
    copy: Path
    project: Project
    task: Task
    agent: AgentProfile

    @classmethod
    def make(cls, root: Path, user: User, *, template: Path, bare: bool = True) -> Shop:
        """`template` is what `template_make` has made."""
        copy, origin = root / "copy", root / "origin"
        shutil.copytree(template / "copy", copy)
        shutil.copytree(template / ("bare" if bare else "full"), origin)
        plain_git(copy, "remote", "add", "origin", str(origin))
        project = Project.objects.create(
            name="shop",
            source=str(origin),
            default_branch="main",
            state=ProjectState.READY,
            host=paths.host_id(),
        )
        hub = paths.hub_dir(project.pk)
        hub_create(hub=hub, source=str(origin))
        text = "Make the shop better."
        spec = Spec.objects.create(
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            base_branch="main",
            base_commit=commit_resolve(hub=hub, rev="main"),
        )
        task = Task.objects.create(
            project=project, spec=spec, title="Better <shop>", created_by=user
        )
        agent = AgentProfile.objects.create(name="scripted", adapter="demo")
        return cls(origin, copy, project, task, agent)

    @property
    def hub(self) -> Path:
        return paths.hub_dir(self.project.pk)

    def variant(
        self, files: Mapping[str, str | None] | None = None, *, state: str = RunState.SUCCEEDED
    ) -> Variant:
        """A Variant that has committed `files` (None deletes one) on the base; none: it did nothing."""
        position = self.task.variants.count()
        letter = LETTERS[position]
        variant = Variant.objects.create(
            task=self.task,
            position=position,
            letter=letter,
            agent=self.agent,
            model="m-1",
            branch=f"bakeoff/{self.task.pk}/{letter}",
        )
        Run.objects.create(variant=variant, number=1, prompt="x", state=state)
        if files:
            plain_git(self.copy, "checkout", "-q", "-B", letter, self.task.spec.base_commit)
            head = commit(self.copy, files, f"Work of {letter}")
            plain_git(self.copy, "push", "-q", str(self.hub), f"{head}:refs/heads/{variant.branch}")
            Variant.objects.filter(pk=variant.pk).update(
                head_commit=head, files_changed=len(files), insertions=3, deletions=1
            )
        return Variant.objects.select_related("task__project", "task__spec", "agent").get(
            pk=variant.pk
        )

    def advance(self, files: Mapping[str, str | None], message: str = "Meanwhile") -> str:
        """Somebody else's commit on the origin's branch."""
        branch = self.project.default_branch
        plain_git(self.copy, "fetch", "-q", "origin")
        plain_git(self.copy, "checkout", "-q", "-B", "someone", f"origin/{branch}")
        head = commit(self.copy, files, message)
        plain_git(self.copy, "push", "-q", "origin", f"HEAD:{branch}")
        return head

    def tip(self) -> str:
        return plain_git(self.origin, "rev-parse", f"refs/heads/{self.project.default_branch}")

    def log(self, fmt: str, rev: str = "") -> str:
        return plain_git(self.origin, "log", "-1", f"--format={fmt}", rev or self.tip())

    def merges_count(self) -> int:
        """Merge commits on the origin's branch."""
        return int(plain_git(self.origin, "rev-list", "--count", "--merges", self.tip()))


def template_make(root: Path) -> Path:
    """A first commit in a working copy, and what a person may have as origin: bare, or checked out."""
    copy = root / "copy"
    copy.mkdir(parents=True)
    plain_git(copy, "init", "-q", "-b", "main")
    for name, value in (("name", "Pat"), ("email", "pat@example.org")):
        plain_git(copy, "config", f"user.{name}", value)
    commit(copy, FILES, "First")
    plain_git(root, "clone", "-q", "--bare", str(copy), "bare")
    plain_git(root, "clone", "-q", str(copy), "full")
    return root


def commit(repository: Path, files: Mapping[str, str | None], message: str) -> str:
    for name, text in files.items():
        if text is None:
            (repository / name).unlink()
        else:
            write(repository / name, text)
    plain_git(repository, "add", "-A")
    plain_git(repository, "commit", "-q", "-m", message)
    return plain_git(repository, "rev-parse", "HEAD")
