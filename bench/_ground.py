"""What several benches stand on: a product without its processes, and a repository made for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.valkey import Valkey

Texts = dict[str, list[str]]  # lines by the name of the file


@contextmanager
def ground() -> Iterator[Path]:
    """The product set up in a folder of its own, which is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    server = Valkey(place / "valkey")
    try:
        server.start()
        _setup(place, server.url)
        yield place
    finally:
        server.kill()
        shutil.rmtree(place, ignore_errors=True)


def _setup(place: Path, redis_url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "orchestrator.config.settings",
        "BAKEOFF_DATA_DIR": str(place),
        "REDIS_URL": redis_url,
        "SECRET_KEY": "of the benchmark",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def task_make(number: int, repository: Path, base: str, heads: list[str]) -> tuple[Any, int]:
    from django.contrib.auth.models import User

    from agents.models import AgentProfile
    from orchestrator.lib.paths import hub_dir
    from orchestrator.models import Project, Run, Spec, Task, Variant
    from orchestrator.states import LETTERS

    user, _ = User.objects.get_or_create(username="bench", is_superuser=True)
    agent, _ = AgentProfile.objects.get_or_create(name="bench", adapter="demo")
    project = Project.objects.create(name=f"bench {number}", source=str(repository), state="ready")
    hub_dir(project.pk).parent.mkdir(parents=True, exist_ok=True)
    hub_dir(project.pk).symlink_to(
        repository / ".git" if (repository / ".git").exists() else repository
    )
    spec = Spec.objects.create(text="x", sha256="0" * 64, base_branch="main", base_commit=base)
    task = Task.objects.create(project=project, spec=spec, title="Bench")
    for position, head in enumerate(heads):
        variant = Variant.objects.create(
            task=task,
            position=position,
            letter=LETTERS[position],
            agent=agent,
            branch=f"b/{position}",
            head_commit=head,
        )
        Run.objects.create(variant=variant, number=1, prompt="x", state="succeeded")
    return user, task.pk


def git(
    repository: Path, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> str:
    command = ["git", "-C", str(repository), *args]
    full = os.environ | (env or {})
    done = subprocess.run(command, check=True, capture_output=True, input=stdin, env=full)
    return done.stdout.decode(errors="replace").strip()


def cost(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time, of our own and of the processes waited for."""
    before = os.times()
    wall = timed(run)
    after = os.times()
    return wall, sum(after[n] - before[n] for n in range(4))


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


@dataclass(frozen=True)
class Beside:
    """What was measured of git, and of ours: seconds, and seconds of processor time, the best of some rounds."""

    git_s: float
    git_cpu: float
    ours_s: float
    ours_cpu: float

    def say(self, goal: float) -> str:
        return (
            f"{self.ours_s:.2f} s, git {self.git_s:.2f} s: {self.ours_s / self.git_s:.2f} x "
            f"(goal {goal}; of processor time {self.ours_cpu / self.git_cpu:.2f} x)"
        )


def cold_beside_git(
    rounds: int, repository: Path, base: str, heads: Sequence[str], ours: Callable[[], object]
) -> Beside:
    """Ours, with nothing cached, and git's own time for the same pairs."""
    from orchestrator.lib.redis import redis_client

    def git_alone() -> None:
        for head in heads:
            about = ("-r", "-z", "-M", "--full-index", "--raw", "--numstat", base, head)
            git(repository, "diff-tree", *about)

    git_costs, our_costs = [], []
    for _ in range(rounds):  # in turns, so that what else the machine does is shared fairly
        git_costs.append(cost(git_alone))
        redis_client().flushall()
        our_costs.append(cost(ours))
    best = [
        min(measured) for costs in (git_costs, our_costs) for measured in zip(*costs, strict=True)
    ]
    return Beside(*best)


def texts_make(files: int, lines: int) -> Texts:
    """The files of a base, in many folders."""
    return {
        f"src/part{n % 40}/group{n % 7}/file{n}.py": [
            f"value_{k} = compute({n}, {k})" for k in range(lines)
        ]
        for n in range(files)
    }


def repository_make(
    repository: Path, texts: Texts, variants: Iterable[Texts]
) -> tuple[str, list[str]]:
    """A base with these files, and on it a commit for each variant with the files that it changes."""
    repository.mkdir()
    git(repository, "init", "--quiet", "--bare")
    stream = [_commit_stream("refs/heads/main", 1, None, texts)]
    count = 0
    for count, changed in enumerate(variants, 1):
        stream.append(_commit_stream(f"refs/heads/v{count}", count + 1, 1, changed))
    git(repository, "fast-import", "--quiet", stdin=b"".join(stream))
    git(repository, "repack", "-adq")
    heads = [git(repository, "rev-parse", f"refs/heads/v{n}") for n in range(1, count + 1)]
    return git(repository, "rev-parse", "refs/heads/main"), heads


def _commit_stream(ref: str, mark: int, parent: int | None, files: Texts) -> bytes:
    head = f"commit {ref}\nmark :{mark}\ncommitter bench <b@localhost> {1_700_000_000 + mark} +0000\ndata 1\nx"
    parts = [head + (f"\nfrom :{parent}" if parent else "")]
    for name, lines in files.items():
        text = "\n".join(lines) + "\n"
        parts.append(f"M 100644 inline {name}\ndata {len(text)}\n{text}")
    return ("\n".join(parts) + "\n").encode()
