"""Names given by people and agents: branches, revisions, origins, paths."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.git.errors import InvalidRefError, SourceError

_REF_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|\.$|/$|^/|^-"
)
_REV_FORBIDDEN = re.compile(r"[\x00-\x20\x7f:?*\[\\]|\.\.|^-|^\^|^@\{")
_HEX40 = re.compile(r"[0-9a-f]{40}")
_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_.+-]+@)?[A-Za-z0-9][A-Za-z0-9_.-]*:(?!//|:)[^\s-]\S*")
_HOST = re.compile(r"\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9][A-Za-z0-9_.-]*")


class SourceKind(StrEnum):
    PATH = "path"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Source:
    kind: SourceKind
    location: str


def is_commit_id(text: str) -> bool:
    return _HEX40.fullmatch(text) is not None


def ref_name_check(name: str) -> str:
    """The name of a branch, unchanged, if git would take it; without a process."""
    if not name or len(name.encode("utf-8", "replace")) > 240:
        raise InvalidRefError("ref.invalid", "A branch name has 1 to 240 bytes.")
    if _REF_FORBIDDEN.search(name) or name == "@" or name == "HEAD":
        raise InvalidRefError("ref.invalid", f"{display_path(name)!r} cannot be a branch name.")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRefError("ref.invalid", "A branch name must be valid text.") from None
    return name


def rev_check(rev: str) -> str:
    """A revision as people write it (name, commit, `main~2`), nothing that git takes for more."""
    if not rev or len(rev) > 250 or _REV_FORBIDDEN.search(rev) or not rev.isprintable():
        raise InvalidRefError("ref.invalid", f"{display_path(rev[:80])!r} is not a revision.")
    return rev


def source_check(source: str) -> Source:
    """What a person gave as the origin: an absolute path, or an https, ssh or file address."""
    text = source.strip()
    if not text:
        raise _source_error("Give the path or the address of a git repository.")
    if len(text) > 2000 or any(unicodedata.category(char)[0] == "C" for char in text):
        raise _source_error("The address of the repository has characters that cannot be in one.")
    if text.startswith("-"):
        raise _source_error("The address of a repository cannot begin with a dash.")
    if text.startswith(("/", "~/")) or text == "~":
        return Source(SourceKind.PATH, _resolve(text))
    if "::" in text.split("/", 1)[0]:
        raise _source_error("Only https, ssh and file addresses and local paths can be used.")
    if "://" in text:
        return _url_check(text)
    if _SCP_LIKE.fullmatch(text):
        return Source(SourceKind.URL, text)
    raise _source_error(
        "Give the absolute path of a repository on this machine, or an https or ssh address."
    )


def is_path(path: str) -> bool:
    """Whether a file of a commit can have this path."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def display_path(path: str) -> str:
    """A path for people's eyes: no control characters, no bytes that are no text."""
    try:
        text = os.fsencode(path).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a pair, from a browser: no file has such a name
        text = path.encode("utf-8", "replace").decode()
    return "".join(
        char if _shown(char) else char.encode("unicode_escape").decode() for char in text
    )


def _shown(char: str) -> bool:
    # "Cf" holds the marks that turn the direction of text: a name must not look like another.
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _url_check(text: str) -> Source:
    try:
        parts = urlsplit(text)
        host, password = parts.hostname or "", parts.password
        parts.port  # noqa: B018 - raises when it is no number
    except ValueError:
        raise _source_error("The address of the repository is not a valid URL.") from None
    if parts.scheme == "file":
        if host not in {"", "localhost"}:
            raise _source_error("A file address has three slashes: file:///path/to/repository.")
        return Source(SourceKind.PATH, _resolve(unquote(parts.path)))
    if parts.scheme not in {"https", "ssh"}:
        raise _source_error("Only https, ssh and file addresses and local paths can be used.")
    if not _HOST.fullmatch(host if ":" not in host else f"[{host}]") or parts.path in {"", "/"}:
        raise _source_error("The address of the repository lacks a host or a path.")
    if (parts.username or "").startswith("-") or parts.path.startswith("/-"):
        raise _source_error("The address of a repository cannot have a part beginning with a dash.")
    if password is not None:
        raise _source_error(
            "Leave the password out of the address: git's own credential helper is asked for it."
        )
    return Source(SourceKind.URL, text)


def _resolve(path: str) -> str:
    if any(unicodedata.category(char)[0] == "C" for char in path):  # a file address may hide them
        raise _source_error("The path of the repository has characters that cannot be in one.")
    expanded = Path(path).expanduser()
    if not expanded.is_absolute():
        raise _source_error("Give the absolute path of the repository.")
    resolved = expanded.resolve()
    return str(resolved.parent if resolved.name == ".git" else resolved)


def _source_error(message: str) -> SourceError:
    return SourceError("project.source", message)
