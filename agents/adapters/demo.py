"""The scripted agent that comes with Bakeoff: no model, no login, no network.

It speaks claude's wire format, so everything past its start is claude's own adapter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from agents.adapters.base import Availability, Capabilities, Launch, LaunchSpec
from agents.adapters.claude import MODES, ClaudeProtocol

PROGRAM = Path(__file__).resolve().parent.parent / "demo" / "agent.py"
VARIABLES = ("BAKEOFF_DEMO_PACE", "BAKEOFF_DEMO_STATE")  # the worker's, passed on
DETAIL = "A script, no model: it follows fixed steps and costs nothing."


class DemoAdapter(ClaudeProtocol):
    name = "demo"
    capabilities = Capabilities(permissions=True, steering=True)

    def available(
        self, *, command: tuple[str, ...], env: Mapping[str, str], home: str
    ) -> Availability:
        return Availability(
            installed=True, path=str(PROGRAM), version="1", login="found", detail=DETAIL
        )

    def launch(self, spec: LaunchSpec) -> Launch:
        argv = [
            sys.executable,
            "-I",
            str(PROGRAM),
            f"--mode={MODES[spec.permission_mode]}",
        ]
        if spec.resume_session:
            argv.append(f"--resume={spec.resume_session}")
        elif spec.new_session:
            argv.append(f"--session-id={spec.new_session}")
        return Launch(
            argv=(*argv, *spec.args),
            env={name: os.environ[name] for name in VARIABLES if name in os.environ},
            stdin=self.message(spec.prompt),
            stdin_open=True,
            interrupt=self.interrupt(),
        )
