"""The one door to git. Every git process of the product starts here.

A repository that an agent can write to can make git run programs: hooks, filters, merge drivers,
fsmonitor, includes. So git never sees a configuration that an agent can write (callers point
GIT_DIR at the hub), and never inherits the server's environment: it gets a list of our own.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# GitPython raises at import when git is missing; we want to say so ourselves, and later.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from git.cmd import Git
from git.exc import GitCommandNotFound

from orchestrator.git.errors import DiskFullError, GitError, GitMissingError, GitTimeoutError

WRITER = "BAKEOFF_GIT_WRITER"  # marks a git process that changes a repository of ours
NETWORK_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    email: str


BAKEOFF = Identity("Bakeoff", "bakeoff@localhost")
AGENT = Identity("Bakeoff agent", "agent@bakeoff.localhost")


@dataclass(frozen=True, slots=True)
class GitResult:
    stdout: bytes
    stderr: str
    code: int

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 survive as surrogates."""
        return os.fsdecode(self.stdout)

    def fields(self) -> list[bytes]:
        """The NUL-terminated records of a `-z` output."""
        records = self.stdout.split(b"\0")
        return records[:-1] if records and not records[-1] else records


# Set for every call. Passed as environment, so that it beats any configuration file.
_CONFIG: dict[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.askPass": "",
    "core.fsync": "committed,loose-object",
    "core.fsyncMethod": "batch",
    "commit.gpgSign": "false",
    "credential.helper": "",
    "diff.submodule": "short",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "merge.conflictStyle": "merge",
    "merge.directoryRenames": "conflict",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "submodule.recurse": "false",
    "tag.gpgSign": "false",
}

_LFS_CONFIG: dict[str, str] = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
}

# What a person's own login needs: ssh agent, credential helpers, proxies, certificates.
_LOGIN_VARIABLES = (
    *("SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS"),
    *("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
_LOGIN_KEYS = re.compile(r"^(credential|http|url)\.|^core\.(sshcommand|gitproxy)$|^ssh\.variant$")

_ADDED = ("LANGUAGE",)  # by GitPython, to every process

_thread = threading.local()
_DISK_FULL = ("No space left on device", "Out of diskspace", "Disk quota exceeded")
_PASSWORD = re.compile(r"(\w+://)[^/@\s'\"]+@")


def git(
    *args: str,
    git_dir: Path | None = None,
    work_tree: Path | None = None,
    index: Path | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    timeout_s: float = 60.0,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    login: bool = False,
) -> GitResult:
    """Run one git command and return what it said.

    `login` is for talking to the origin: HOME and the sign-in settings of the person whose account
    this is, and nothing else of their configuration.
    """
    environment = _environment(login=login)
    if git_dir is not None:
        environment["GIT_DIR"] = str(git_dir)
    if work_tree is not None:
        environment["GIT_WORK_TREE"] = str(work_tree)
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    environment.update(env or {})
    result = execute(
        (git_executable(), *args),
        environment=environment,
        cwd=cwd or work_tree or git_dir or Path("/"),
        stdin=stdin,
        timeout_s=timeout_s,
        # A helper of a network command may stay behind as a daemon: it must not hold our locks.
        keep=() if login else held_locks(),
    )
    if check and result.code != 0:
        raise git_failure(args[0], result)
    return result


def git_failure(command: str, result: GitResult) -> GitError:
    """The error for a git command that failed for no reason we know, or for want of space."""
    details = {"code": result.code, "stderr": result.stderr[-4000:]}
    if any(symptom in result.stderr for symptom in _DISK_FULL):
        return DiskFullError("git.disk-full", "The disk is full: free some space.", details)
    reason = first_line(result.stderr) or f"exit code {result.code}"
    return GitError("git.failed", f"git {command} failed: {reason}", details)


def held_locks() -> list[int]:
    """The descriptors of this thread's file locks, for git to hold too.

    So a lock is free only when its owner and all git processes it started are gone.
    """
    descriptors: list[int] = _thread.__dict__.setdefault("locks", [])
    return descriptors


def execute(
    argv: tuple[str, ...],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    stdin: bytes | None = None,
    timeout_s: float = 60.0,
    keep: Sequence[int] = (),
) -> GitResult:
    """Run argv through GitPython with exactly this environment, in a process group of its own.

    `keep`: descriptors that the program inherits.
    """
    # GitPython adds the server's environment to whatever it is given; env takes it away again.
    # Only names stand in the command line: values (a proxy's password) never do.
    unset = [word for name in os.environ if name not in environment for word in ("-u", name)]
    unset += [word for name in _ADDED if name not in environment for word in ("-u", name)]
    if not cwd.is_dir():
        raise GitError("git.directory", f"The directory {cwd} does not exist.")
    try:
        running = Git(str(cwd)).execute(
            ["/usr/bin/env", *unset, *argv],
            env=dict(environment),
            istream=subprocess.PIPE,
            as_process=True,
            start_new_session=True,
            pass_fds=tuple(keep),
        )
    except (GitCommandNotFound, FileNotFoundError) as error:
        raise GitMissingError("git.missing", "git cannot be started on this machine.") from error
    process = running.proc
    if process is None:
        raise GitMissingError("git.missing", "git cannot be started on this machine.")
    try:
        stdout, stderr = process.communicate(stdin or b"", timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise GitTimeoutError(
            "git.timeout", f"git {argv[1]} did not finish within {timeout_s:g} seconds."
        ) from error
    finally:
        if process.returncode is None:
            _kill_group(process)
    return GitResult(stdout, redact(stderr.decode("utf-8", "replace")), process.returncode)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.communicate()


@lru_cache(maxsize=1)
def git_executable() -> str:
    found = shutil.which("git", path=_path())
    if found is None:
        raise GitMissingError("git.missing", "git is not installed on this machine.")
    return found


def redact(text: str) -> str:
    """Without the user names and passwords that addresses carry."""
    return _PASSWORD.sub(r"\1", text)


def first_line(text: str) -> str:
    """The line of git's error output that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for prefix in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(prefix):
                return line.removeprefix(prefix)
    return lines[0] if lines else ""


def identity_env(author: Identity, committer: Identity = BAKEOFF) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": _identity_part(author.name),
        "GIT_AUTHOR_EMAIL": _identity_part(author.email),
        "GIT_COMMITTER_NAME": _identity_part(committer.name),
        "GIT_COMMITTER_EMAIL": _identity_part(committer.email),
    }


def person_env() -> dict[str, str]:
    """The environment the account's owner has in a terminal, as far as git cares.

    For programs of the person's own repository (status, receive-pack and the hooks it runs).
    """
    account = pwd.getpwuid(os.getuid())
    environment = {
        "PATH": _path(),
        "HOME": os.environ.get("HOME") or account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "LC_ALL": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
    }
    for name in _LOGIN_VARIABLES:
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


def person_config(*, repository: Path = Path("/")) -> tuple[tuple[str, str], ...]:
    """All (key, value) pairs that git finds for the person: the system's, their own, the repository's."""
    listed = execute(
        (git_executable(), "config", "--list", "-z"), environment=person_env(), cwd=repository
    )
    pairs = (record.partition("\n")[::2] for record in listed.text.split("\0") if record)
    return tuple((key, value) for key, value in pairs)


def private_names() -> list[str]:
    """What `git` sets for itself only, so that a program of the person's can be started without."""
    names = [*_environment(login=False), "GIT_DIR"]
    return [name for name in names if name not in {"PATH", "HOME"}]


def _environment(*, login: bool) -> dict[str, str]:
    environment = {
        "PATH": _path(),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_LFS_SKIP_DOWNLOAD_ERRORS": "1",
        "GIT_PAGER": "cat",
        "GIT_MERGE_AUTOEDIT": "no",
        "GIT_EDITOR": "false",
        **identity_env(BAKEOFF),
    }
    pairs = list(_CONFIG.items())
    if lfs_installed():
        pairs += _LFS_CONFIG.items()
    if login:
        pairs += _login(environment)
    environment["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (key, value) in enumerate(pairs):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _login(environment: dict[str, str]) -> list[tuple[str, str]]:
    """Let git sign in as the person does in a terminal, but never ask anybody anything."""
    person = person_env()
    environment.update({name: person[name] for name in person if name not in environment})
    environment["HOME"] = person["HOME"]
    pairs = [(key, value) for key, value in person_config() if _LOGIN_KEYS.search(key)]
    ssh = os.environ.get("GIT_SSH_COMMAND") or dict(pairs).get("core.sshcommand") or "ssh"
    environment["GIT_SSH_COMMAND"] = f"{ssh} -o BatchMode=yes -o ConnectTimeout=20"
    return [("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60"), *pairs]


@lru_cache(maxsize=1)
def lfs_installed() -> bool:
    return shutil.which("git-lfs", path=_path()) is not None


def _path() -> str:
    parts = os.environ.get("PATH", "").split(os.pathsep)
    absolute = [part for part in parts if part.startswith("/")]
    return os.pathsep.join(absolute) or "/usr/local/bin:/usr/bin:/bin"


def _identity_part(text: str) -> str:
    """git refuses an empty identity and drops <, > and line breaks on its own terms."""
    kept = "".join(char for char in text if char.isprintable() and char not in "<>")
    return kept.encode("utf-8", "ignore").decode().strip() or "unknown"
