"""Talking to the origin: how, and what its refusals mean."""

from __future__ import annotations

import shlex
from pathlib import Path

from orchestrator.git.errors import DiskFullError, OriginUnreachableError, SourceError
from orchestrator.git.origin import origin_inspect
from orchestrator.git.refs import Source, SourceKind, display_path
from orchestrator.git.run import GitResult, first_line, git_failure

_SYMPTOMS: tuple[tuple[str, str, str], ...] = (
    # (what git says, code, sentence)
    ("could not read Username", "project.auth", "{} needs a sign-in that this account lacks."),
    ("could not read Password", "project.auth", "{} needs a sign-in that this account lacks."),
    ("Authentication failed", "project.auth", "{} refused the sign-in of this account."),
    ("Permission denied (", "project.auth", "{} refused this account's ssh key."),
    ("requested URL returned error: 401", "project.auth", "{} needs a sign-in."),
    ("requested URL returned error: 403", "project.auth", "{} refused access to this account."),
    ("terminal prompts disabled", "project.auth", "{} needs a sign-in that this account lacks."),
    (
        "Host key verification failed",
        "project.host-key",
        "The ssh host key of {} is not known here: connect to it once with ssh in a terminal.",
    ),
    (
        "SSL certificate problem",
        "project.certificate",
        "The certificate of {} is not trusted here: set http.sslCAInfo in git's configuration.",
    ),
    (
        "server certificate verification failed",
        "project.certificate",
        "The certificate of {} is not trusted here: set http.sslCAInfo in git's configuration.",
    ),
    ("dubious ownership", "project.owner", "{} belongs to another user."),
    (
        "mismatched algorithms",
        "project.sha256",
        "{} uses SHA-256 objects, which are not supported.",
    ),
    ("does not appear to be a git repository", "project.not-repository", "{} is not a repository."),
    ("not found", "project.not-repository", "There is no repository at {}, or it needs a sign-in."),
    ("returned error: 404", "project.not-repository", "There is no repository at {}."),
)


def network_check(result: GitResult, origin: Source) -> None:
    if result.code == 0:
        return
    failure = git_failure("fetch", result)
    if isinstance(failure, DiskFullError):
        raise failure
    details = {"stderr": result.stderr[-2000:]}
    for symptom, code, sentence in _SYMPTOMS:
        if symptom in result.stderr:
            raise SourceError(code, sentence.format(_shown(origin)), details)
    raise OriginUnreachableError(
        "project.unreachable",
        f"{_shown(origin)} cannot be reached: {first_line(result.stderr).rstrip('.')}.",
        details,
    )


def _shown(origin: Source) -> str:
    return display_path(origin.location)


def upload_pack(origin: Source) -> list[str]:
    """The option that lets git read a local origin which origin_inspect has approved."""
    if origin.kind is SourceKind.URL:
        return []
    found = origin_inspect(Path(origin.location))
    safe = [f"safe.directory={path}" for path in found.places()]
    words = ["git", *(word for setting in safe for word in ("-c", setting)), "upload-pack"]
    return [f"--upload-pack={shlex.join(words)}"]
