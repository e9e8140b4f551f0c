"""The hub: Bakeoff's own bare copy of a project's repository. Nobody works in it.

The origin's branches are at refs/remotes/origin/, the variants' at refs/heads/bakeoff/, and
whatever must outlive its branch (bases, snapshots) at refs/bakeoff/kept/.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import (
    CommitNotFoundError,
    InvalidRefError,
    RefMovedError,
    SourceError,
    TooLargeError,
)
from orchestrator.git.locks import git_network, git_write, network_end, repository_lock
from orchestrator.git.network import network_check, upload_pack
from orchestrator.git.origin import origin_inspect, read_small
from orchestrator.git.refs import (
    Source,
    SourceKind,
    display_path,
    is_commit_id,
    is_path,
    ref_name_check,
    rev_check,
    source_check,
)
from orchestrator.git.run import NETWORK_TIMEOUT_S, git, git_failure

ORIGIN = "refs/remotes/origin"
KEPT = "refs/bakeoff/kept"
NO_COMMIT = "0" * 40

_GONE = ".gone"

_SHORT_ID = re.compile(r"^[0-9a-f]{4,40}$")

_CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = true
[gc]
\tauto = 0
\tpruneExpire = never
[remote "origin"]
\turl = {url}
\tfetch = +refs/heads/*:refs/remotes/origin/*
\ttagOpt = --no-tags
"""


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class CommitInfo:
    commit: str
    author: str
    subject: str
    time: int


def hub_create(*, hub: Path, source: str) -> None:
    """Make the hub of a new project and fetch its origin. Either whole or not there at all.

    One that is there from another origin is made anew, so that nothing of that is left, unless it has work of ours.
    """
    origin = source_check(source)
    _origin_check(origin)
    with repository_lock(hub):
        if hub.exists() and hub_source(hub) != origin and not _ours(hub):
            hub_remove(hub)
        if not hub.exists():
            _make(hub, origin)
            return
    hub_source_set(hub=hub, source=source)
    _fetch(hub)


def hub_remove(hub: Path) -> None:
    """Delete the hub of a project that is none."""
    hub_set_aside(hub)
    hubs_clean(hub.parent)


def hub_set_aside(hub: Path) -> None:
    """The hub is none any more; to delete it, which may take long, is left to `hubs_clean`."""
    gone = hub.with_name(hub.name + _GONE)
    with repository_lock(hub):
        shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.rename(hub, gone)


def hubs_clean(hubs: Path) -> None:
    """Delete what was set aside."""
    for gone in hubs.glob(f"*{_GONE}"):
        shutil.rmtree(gone, ignore_errors=True)


def hub_fetch(*, hub: Path) -> None:
    """Bring in what is new at the origin: branches, tags, which branch is the default."""
    _origin_check(hub_source(hub))
    _fetch(hub)


def hub_source(hub: Path) -> Source:
    """Where the hub's origin is."""
    return source_check(git("config", "--get", "remote.origin.url", git_dir=hub).text.strip())


def hub_source_set(*, hub: Path, source: str) -> None:
    """Point the hub to an origin that moved."""
    location = source_check(source).location
    git_write("config", "remote.origin.url", location, git_dir=hub)


def hub_branches(hub: Path) -> list[Branch]:
    """The origin's branches as last fetched, by name."""
    listed = git(
        "for-each-ref",
        "--format=%(objectname) %(symref) %(refname)",
        f"{ORIGIN}/",
        git_dir=hub,
    )
    branches = []
    for line in listed.text.splitlines():
        commit, symref, ref = line.split(" ", 2)
        if not symref:
            branches.append(Branch(ref.removeprefix(f"{ORIGIN}/"), commit))
    return branches


def hub_default_branch(hub: Path) -> str:
    """The origin's default branch; else the likeliest one."""
    head = git("symbolic-ref", "-q", f"{ORIGIN}/HEAD", git_dir=hub, check=False)
    names = [branch.name for branch in hub_branches(hub)]
    # The one it named when it last named one may be gone.
    for name in (head.text.strip().removeprefix(f"{ORIGIN}/"), "main", "master", *names):
        if name in names:
            return name
    raise SourceError("project.empty", "The repository has no commits yet.")


def commit_resolve(*, hub: Path, rev: str) -> str:
    """The full id of a commit, given as id, origin branch, tag, or `name~2`."""
    rev_check(rev)
    name = rev[: min((rev.find(char) for char in "~^@" if char in rev), default=len(rev))]
    candidates = [f"{ORIGIN}/{rev}", f"refs/heads/{rev}", f"refs/tags/{rev}"]
    if is_commit_id(name):
        candidates = [rev]
    elif _SHORT_ID.match(name):
        candidates.append(rev)
    elif name == "HEAD":
        candidates = []
    for candidate in candidates:
        found = git(
            "rev-parse",
            "-q",
            "--verify",
            "--end-of-options",
            f"{candidate}^{{commit}}",
            git_dir=hub,
            check=False,
        )
        commit = found.text.strip().removeprefix("--end-of-options").strip()
        if found.code == 0 and is_commit_id(commit):
            return commit
    raise CommitNotFoundError(
        "commit.not-found", f"There is no branch or commit {display_path(rev)!r} in this project."
    )


def branch_commit(*, hub: Path, branch: str) -> str:
    """The tip of an origin branch as last fetched."""
    ref_name_check(branch)
    found = git(
        "rev-parse", "-q", "--verify", f"{ORIGIN}/{branch}^{{commit}}", git_dir=hub, check=False
    )
    if found.code != 0:
        raise CommitNotFoundError(
            "project.branch", f"The repository has no branch {display_path(branch)!r}."
        )
    return found.text.strip()


def blob_find(*, hub: Path, commit: str, path: str) -> str | None:
    """The id of a file's content at a commit; None if there is no file at that path."""
    if not is_path(path):
        return None
    listed = git("ls-tree", "-z", _commit_check(commit), "--", path, git_dir=hub).fields()
    for record in listed:
        facts, _, name = record.partition(b"\t")
        _mode, kind, blob = facts.decode().split(" ")
        if kind == "blob" and os.fsdecode(name) == path:
            return blob
    return None


def blob_read(*, hub: Path, commit: str, path: str, limit_bytes: int) -> bytes | None:
    """The content of a file at a commit; None if there is no file at that path."""
    blob = blob_find(hub=hub, commit=commit, path=path)
    return None if blob is None else blob_bytes(hub=hub, blob=blob, limit_bytes=limit_bytes)


def blob_size(*, hub: Path, blob: str) -> int:
    return int(git("cat-file", "-s", _commit_check(blob), git_dir=hub).text)


def blob_bytes(*, hub: Path, blob: str, limit_bytes: int) -> bytes:
    """The content of a blob; TooLargeError (with its `size_bytes`) beyond the limit."""
    size = blob_size(hub=hub, blob=blob)
    if size > limit_bytes:
        raise TooLargeError(
            "blob.too-large",
            f"The file has {size:,} bytes, more than the {limit_bytes:,} shown.",
            {"size_bytes": size},
        )
    return git("cat-file", "blob", blob, git_dir=hub).stdout


def commit_log(*, hub: Path, base: str, head: str, limit: int) -> list[CommitInfo]:
    """The commits of base..head, newest first."""
    listed = git(
        "log",
        "-z",
        f"--max-count={limit}",
        "--no-mailmap",
        "--no-show-signature",
        "--encoding=UTF-8",
        "--format=%H%n%an%n%ct%n%s",
        f"{_commit_check(base)}..{_commit_check(head)}",
        git_dir=hub,
    )
    commits = []
    for record in listed.fields():
        commit, author, time, subject = record.decode("utf-8", "replace").split("\n", 3)
        commits.append(CommitInfo(commit, author, subject, int(time)))
    return commits


def branch_set(*, hub: Path, branch: str, commit: str, expected: str | None) -> None:
    """Point a branch of the hub to a commit. expected: its tip now, "" for none, None for any."""
    refs_set(hub=hub, updates=[(f"refs/heads/{ref_name_check(branch)}", commit, expected)])


def refs_set(*, hub: Path, updates: Iterable[tuple[str, str, str | None]]) -> None:
    """Move several refs (name, commit, expected) of the hub, all or none."""
    lines = []
    for ref, commit, expected in updates:
        line = f"update {ref}\0{_commit_check(commit)}\0"
        lines.append(line + {None: "", "": NO_COMMIT}.get(expected, expected or ""))
    stdin = "".join(f"{line}\0" for line in lines).encode()
    result = git_write("update-ref", "-z", "--stdin", git_dir=hub, stdin=stdin, check=False)
    if result.code == 0:
        return
    if "but expected" in result.stderr or "reference already exists" in result.stderr:
        raise RefMovedError("ref.moved", "The branch was moved by somebody else meanwhile.")
    if "nonexistent object" in result.stderr or "not a valid" in result.stderr:
        raise CommitNotFoundError("commit.not-found", "There is no such commit in this project.")
    raise git_failure("update-ref", result)


def commit_keep(*, hub: Path, commit: str) -> None:
    """Hold a commit for good, whatever happens to the branches it is on."""
    refs_set(hub=hub, updates=[(f"{KEPT}/{commit}", commit, None)])


def _commit_check(commit: str) -> str:
    if not is_commit_id(commit):
        raise InvalidRefError("ref.invalid", f"{display_path(commit[:80])!r} is not an object id.")
    return commit


def _make(hub: Path, origin: Source) -> None:
    """Under another name first, so that a hub that is there is whole."""
    fresh = hub.with_name(hub.name + ".new")
    network_end(fresh)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    try:
        _init(fresh, origin)
        _fetch(fresh)
        os.rename(fresh, hub)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for lock in hub.parent.glob(f"{glob.escape(fresh.name)}*.flock"):
            lock.unlink(missing_ok=True)


def _ours(hub: Path) -> bool:
    """Whether a variant's branch, or a commit that is kept for one, is in it."""
    return bool(git("for-each-ref", "--count=1", "refs/heads/", "refs/bakeoff/", git_dir=hub).text)


def _init(hub: Path, origin: Source) -> None:
    git("init", "--bare", "--quiet", "--template=", "--", str(hub))
    quoted = origin.location.replace("\\", "\\\\").replace('"', '\\"')
    (hub / "config").write_text(_CONFIG.format(url=f'"{quoted}"'), encoding="utf-8")
    hub.chmod(0o700)


def _origin_check(origin: Source) -> None:
    if origin.kind is SourceKind.PATH:
        origin_inspect(Path(origin.location))


def _fetch(hub: Path) -> None:
    origin = hub_source(hub)
    reader = upload_pack(origin)
    listed = git(
        "ls-remote",
        *reader,
        "--symref",
        "origin",
        "HEAD",
        "refs/heads/*",
        git_dir=hub,
        login=True,
        check=False,
        timeout_s=90,
    )
    network_check(listed, origin)
    default, heads = _parse_remote(listed.text)
    if not heads:
        raise SourceError(
            "project.empty", f"{display_path(origin.location)} has no commits yet: make one first."
        )
    fetched = git_network(
        "fetch",
        *reader,
        "--quiet",
        "--prune",
        "--force",
        "--update-shallow",
        "--no-write-fetch-head",
        "--no-auto-gc",
        "origin",
        f"+refs/heads/*:{ORIGIN}/*",
        "+refs/tags/*:refs/tags/*",
        git_dir=hub,
        check=False,
        timeout_s=NETWORK_TIMEOUT_S,
    )
    network_check(fetched, origin)
    if default in heads:
        git_write("symbolic-ref", f"{ORIGIN}/HEAD", f"{ORIGIN}/{default}", git_dir=hub)


def _parse_remote(text: str) -> tuple[str, dict[str, str]]:
    default, heads = "", {}
    for line in text.splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif name.startswith("refs/heads/"):
            heads[name.removeprefix("refs/heads/")] = value
    return default, heads


def shallow_commits(hub: Path) -> str | None:
    return read_small(hub / "shallow")
