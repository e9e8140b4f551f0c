"""The `bakeoff` command. Django is loaded only by the verbs that need it."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from orchestrator.config.env import env_data_dir, env_int, env_path, env_port, env_str, env_url
from orchestrator.lib.disk import says_full
from orchestrator.supervisor import doctor as doctor_module
from orchestrator.supervisor.lock import AlreadyRunningError
from orchestrator.supervisor.options import PortBusyError, UpOptions
from orchestrator.supervisor.stop import stop
from orchestrator.supervisor.up import up


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.data_dir:
        os.environ["BAKEOFF_DATA_DIR"] = str(Path(arguments.data_dir).absolute())
    try:
        return int(arguments.verb(arguments))
    except (ImproperlyConfigured, AlreadyRunningError, PortBusyError, OSError) as exc:
        text = f"{exc}. Make room, then start again." if says_full(exc) else exc
        print(f"bakeoff: {text}", file=sys.stderr)  # noqa: T201 (a command line speaks)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bakeoff",
        description="Several coding agents on one task; compare, then merge the best.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, verb, text in (
        ("up", _up, "start everything and keep it running"),
        ("demo", _up, "start everything with a sample project and the scripted agent"),
        ("stop", _stop, "end all runs, previews and whatever `up` has started"),
        ("doctor", _doctor, "say what is on this machine and what is missing"),
        ("token", _token, "print a new API token"),
        ("adduser", _adduser, "add a person; prints a link that signs them in once"),
    ):
        sub = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(verb=verb, demo=name == "demo")
        sub.add_argument("--data-dir", metavar="DIR", help="where everything is kept")
        if verb is _up:
            sub.add_argument("--host", help="address to listen on (127.0.0.1)")
            sub.add_argument("--port", type=_port, help="port of the pages (8000)")
            sub.add_argument("--preview-port", type=_port, help="port for previews (8001)")
            sub.add_argument(
                "--ready-file", metavar="FILE", help="written when all is ready (JSON)"
            )
        if verb is _token:
            sub.add_argument("--name", default="command line", help="what the token is for")
        if verb is _adduser:
            sub.add_argument("name", help="the name they sign in with")
            sub.add_argument(
                "--password", action="store_true", help="ask for a password to sign in with later"
            )
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 1 to 65535")
    return int(text)


def _say(text: str) -> None:
    with suppress(OSError):  # whoever read it is gone, or a file is full; what runs goes on
        print(text, flush=True)  # noqa: T201 (a command line speaks)


def _options(arguments: argparse.Namespace) -> UpOptions:
    port = env_port("BAKEOFF_PORT", 8000)
    ready_file = getattr(arguments, "ready_file", None) or env_str("BAKEOFF_READY_FILE")
    return UpOptions(
        data_dir=env_data_dir(),
        host=getattr(arguments, "host", None) or env_str("BAKEOFF_HOST", "127.0.0.1"),
        port=port,
        preview_port=env_port("BAKEOFF_PREVIEW_PORT", 8001),
        public_url=env_url("BAKEOFF_PUBLIC_URL", "", schemes=("http", "https")),
        redis_url=env_url("REDIS_URL", "", schemes=("redis", "rediss", "unix")),
        ready_file=Path(ready_file).absolute() if ready_file else None,
        worker_threads=env_int("BAKEOFF_WORKER_THREADS", 8, least=2, most=64),
        demo=arguments.demo,
    )


def _asked(argument: int | None, name: str) -> int | None:
    return argument or (env_port(name, 0) or None)


def _up(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    env_int("BAKEOFF_SLOTS", 8, least=1, most=256)  # refused here, in one line, not in a log
    for finding in (doctor_module.git_found(), doctor_module.python_found()):
        if not finding.ok:
            _say(f"Bakeoff cannot run here yet: {finding.name}: {finding.detail}")
            return 1
    ports = (
        _asked(arguments.port, "BAKEOFF_PORT"),
        _asked(arguments.preview_port, "BAKEOFF_PREVIEW_PORT"),
    )
    return up(options, ports_asked=ports, say=_say)


def _stop(arguments: argparse.Namespace) -> int:
    return stop(_options(arguments), say=_say)


def _doctor(arguments: argparse.Namespace) -> int:
    env_path("BAKEOFF_DATA_DIR", Path.home())
    redis_url = env_url("REDIS_URL", "", schemes=("redis", "rediss", "unix"))
    return doctor_module.doctor(redis_url=redis_url, say=_say)


def _token(arguments: argparse.Namespace) -> int:
    _django()
    from orchestrator.services.access import owner_ensure, token_issue

    _say(token_issue(user=owner_ensure(), name=arguments.name[:80]))
    return 0


def _adduser(arguments: argparse.Namespace) -> int:
    _django()
    from django.contrib.auth.models import User

    from orchestrator.services.access import login_code_issue, user_add

    if User.objects.filter(username=arguments.name).exists():
        print(f"bakeoff: there is already a user {arguments.name!r}.", file=sys.stderr)  # noqa: T201
        return 2
    password = getpass.getpass("Password: ") if arguments.password else None
    code = login_code_issue(user=user_add(name=arguments.name, password=password))
    _say(f"{arguments.name} can sign in once with {_public_url()}/login?code={code}")
    return 0


def _django() -> None:
    """Load Django and bring the database to the present tables, in case `up` was never run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def _public_url() -> str:
    """The address of the running `up` if there is one; it may have chosen its port itself."""
    import json

    from django.conf import settings

    from orchestrator.supervisor.places import Places

    try:
        return str(json.loads(Places(settings.BAKEOFF_DATA_DIR).state.read_text())["url"])
    except (OSError, ValueError, KeyError):
        return str(settings.BAKEOFF_PUBLIC_URL)


if __name__ == "__main__":
    sys.exit(main())
