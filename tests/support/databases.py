"""Another database under the tests of this process, in place of their SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.core.management import call_command
from django.db import connections

ALIAS = "default"


@contextmanager
def database_in_place(url: str) -> Iterator[None]:
    """In this thread and in those that are started meanwhile, `default` is the database at `url`: all tables, no rows.

    For tests marked `django_db(transaction=True)`: others hold a transaction on the connection that is put aside.
    """
    settings = connections.settings
    before, connection = settings[ALIAS], connections[ALIAS]
    settings[ALIAS] = connections.configure_settings({ALIAS: environ.Env.db_url_config(url)})[ALIAS]
    del connections[ALIAS]
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
        call_command("flush", verbosity=0, interactive=False)
    finally:
        connections[ALIAS].close()
        settings[ALIAS] = before
        connections[ALIAS] = connection
