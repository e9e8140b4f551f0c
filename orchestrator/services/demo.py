"""What `bakeoff demo` starts with: a small repository of its own and one task for the scripted agent."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User

from agents.services import profiles_ensure
from orchestrator.git.run import git
from orchestrator.lib import paths
from orchestrator.models import Project, Task
from orchestrator.services.projects import project_create, project_import
from orchestrator.services.tasks import VariantRequest, task_submit
from orchestrator.states import ProjectState

PROJECT_NAME = "hello-bakeoff"
TITLE = "Hello world in Flask and FastAPI"
SPEC = """\
Create 2 variations of a simple hello world app using Flask and FastAPI, each in its own environment.
Give me the URL of each app.
"""
STRATEGIES = ("Use Flask.", "Use FastAPI.")

FILES = {
    "README.md": """\
# hello-bakeoff

An almost empty web project to try Bakeoff on. The app is expected in `app.py`, listens on
`127.0.0.1:$PORT`, and names its packages in `requirements.txt`.
""",
    "requirements.txt": "# Packages the app needs, one per line.\n",
    ".gitignore": ".venv/\n__pycache__/\n",
    ".bakeoff.toml": """\
# How Bakeoff prepares a workspace of this repository and starts its app.
setup = "python3 -m venv .venv && .venv/bin/python -m pip install -q --disable-pip-version-check -r requirements.txt"
setup_inputs = ["requirements.txt"]

[preview]
command = ".venv/bin/python app.py"
""",
}


def demo_seed(user: User) -> Task:
    """The demo's task; made, with its repository and project, the first time only."""
    profiles_ensure()
    task = Task.objects.filter(project__name=PROJECT_NAME).order_by("pk").first()
    if task is not None:
        return task
    project = Project.objects.filter(name=PROJECT_NAME).first()
    if project is None:
        project = project_create(user=user, name=PROJECT_NAME, source=str(_repository_make()))
    elif project.state != ProjectState.READY:  # killed while it was imported
        project_import(project_id=project.pk)
        project.refresh_from_db()
    return task_submit(
        user=user,
        project=project,
        title=TITLE,
        spec=SPEC,
        variants=[VariantRequest(agent="demo", strategy=strategy) for strategy in STRATEGIES],
    )


def _repository_make() -> Path:
    path = paths.data_dir() / "demo" / PROJECT_NAME
    path.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (path / name).write_text(text)
    git("init", "--quiet", "--initial-branch=main", cwd=path)
    git("add", "--all", cwd=path)
    if git("rev-parse", "--verify", "--quiet", "HEAD", cwd=path, check=False).code:
        git("commit", "--quiet", "--message=An almost empty web project", cwd=path)
    return path
