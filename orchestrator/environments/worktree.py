"""`worktree`: a git worktree of the Task's yard, run as the person, in the person's HOME.

It stops accidents (variants do not meet), not malice: the agent can reach whatever the person can.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from orchestrator.environments.base import EnvironmentSpec
from orchestrator.git import yard as git_yard

# Names the agent's processes inherit. Everything else of the server's environment stays out.
INHERITED = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    # how the machine reaches the network and its package mirrors
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)
INHERITED_PREFIXES = ("LC_", "PIP_", "UV_", "NPM_CONFIG_", "npm_config_", "XDG_")


def path_for_agents(path: str) -> str:
    """PATH without the directory of Bakeoff's own interpreter, whose packages are not the project's."""
    own = str(Path(sys.prefix) / "bin") if sys.prefix != sys.base_prefix else ""
    return ":".join(part for part in path.split(":") if part and part != own)


class WorktreeKind:
    def create(self, spec: EnvironmentSpec) -> None:
        git_yard.yard_create(hub=spec.hub, yard=spec.yard)
        git_yard.worktree_add(
            hub=spec.hub,
            yard=spec.yard,
            path=spec.path,
            base=spec.base,
            branch=spec.branch,
            files=spec.files,
            index=spec.index,
        )

    def environment(self, *, server: Mapping[str, str]) -> dict[str, str]:
        env = {
            name: value
            for name, value in server.items()
            if name in INHERITED or name.startswith(INHERITED_PREFIXES)
        }
        env["PATH"] = path_for_agents(server.get("PATH", "/usr/local/bin:/usr/bin:/bin"))
        env.setdefault("LANG", "C.UTF-8")
        return env

    def remove(self, spec: EnvironmentSpec) -> None:
        git_yard.worktree_remove(yard=spec.yard, path=spec.path)
