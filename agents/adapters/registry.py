"""Every adapter by its name. A new agent is one file and one line here."""

from __future__ import annotations

from agents.adapters.base import Adapter
from agents.adapters.claude import ClaudeAdapter
from agents.adapters.command import CommandAdapter
from agents.adapters.demo import DemoAdapter

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (DemoAdapter(), ClaudeAdapter(), CommandAdapter())
}


class UnknownAdapterError(LookupError):
    """The message names the adapters there are."""


def adapter_get(name: str) -> Adapter:
    adapter = ADAPTERS.get(name)
    if adapter is None:
        known = ", ".join(sorted(ADAPTERS))
        raise UnknownAdapterError(f"There is no adapter {name!r}; there are: {known}.")
    return adapter
