"""stdin and stdout of the demo agent: one JSON object per line, as claude's stream-json has it."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any


class Wire:
    """A thread reads, so that an interrupt is seen in the middle of a step."""

    def __init__(self) -> None:
        self.prompts: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.interrupt = threading.Event()
        self._write_lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data: dict[str, Any]) -> None:
        line = json.dumps(data) + "\n"
        with self._write_lock:
            sys.stdout.write(line)
            sys.stdout.flush()

    def _read(self) -> None:
        for line in sys.stdin:
            try:
                data = json.loads(line)
            except ValueError:
                sys.stderr.write(f"Error parsing streaming input line: {line[:200]}\n")
                sys.stderr.flush()
                os._exit(1)
            kind = data.get("type")
            if kind == "user":
                self.prompts.put(data)
            elif kind == "control_response":
                self.answers.put(data.get("response", {}))
            elif kind == "control_request":
                if data.get("request", {}).get("subtype") == "interrupt":
                    self.interrupt.set()
                response = {"subtype": "success", "request_id": data.get("request_id")}
                self.send({"type": "control_response", "response": response})
        self.answers.put(None)
        self.prompts.put(None)
