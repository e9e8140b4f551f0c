"""What can go wrong with git, as errors a person can read."""

from __future__ import annotations

from orchestrator.lib.errors import AppError, Conflict, Invalid, NotFound, Unavailable


class GitError(AppError):
    """Base of all errors of this package. Raised as itself: git failed and nobody knows why."""

    default_status = 500


class GitMissingError(GitError, Unavailable):
    default_status = 503


class GitTimeoutError(GitError, Unavailable):
    default_status = 503


class GitBusyError(GitError, Unavailable):
    """Somebody else holds the repository's lock for too long."""

    default_status = 503


class DiskFullError(GitError, Unavailable):
    default_status = 507


class InvalidRefError(GitError, Invalid):
    default_status = 400


class SourceError(GitError, Invalid):
    """The project's origin cannot be used as it is. The code says why (`project.…`)."""

    default_status = 400


class OriginUnreachableError(SourceError, Unavailable):
    default_status = 503


class CommitNotFoundError(GitError, NotFound):
    default_status = 404


class WorkspaceGoneError(GitError, NotFound):
    """The agent deleted its workspace; what was snapshotted before is still there."""

    default_status = 404


class TooLargeError(GitError, Invalid):
    default_status = 413


class RefMovedError(GitError, Conflict):
    """A ref was not where the caller thought it was."""

    default_status = 409


class MergeError(GitError, Conflict):
    default_status = 409
