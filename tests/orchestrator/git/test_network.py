"""Origins elsewhere: https and ssh with the person's own sign-in, and what is said without one."""

from __future__ import annotations

import base64
import functools
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.git.errors import SourceError
from orchestrator.git.hub import hub_create, hub_default_branch, hub_fetch
from orchestrator.git.merges import merge_commit, push, remote_tip
from orchestrator.git.run import git
from tests.support.repositories import Desk, plain_git, write

LOGIN = base64.b64encode(b"alice:pass-word").decode()


class Handler(SimpleHTTPRequestHandler):
    """A web server with repositories that git can read as plain files."""

    def do_GET(self) -> None:
        if self.path.startswith("/private") and self.headers["Authorization"] != f"Basic {LOGIN}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
        elif self.path.startswith("/forbidden"):
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(origin: Path, tmp_path: Path, home: Path) -> Iterator[str]:
    www = tmp_path / "www"
    for name in ("open.git", "private.git"):
        plain_git(tmp_path, "clone", "-q", "--bare", str(origin), str(www / name))
        plain_git(www / name, "update-server-info")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = functools.partial(Handler, directory=str(www))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        plain_git(home, "config", "--global", "http.sslCAInfo", str(certificate))
        yield f"https://localhost:{listening.server_port}"
        listening.shutdown()
        thread.join()


def helper(home: Path, password: str) -> None:
    """The person's own credential helper, as their global configuration names it."""
    script = write(
        home / "helper.sh", f"#!/bin/sh\necho username=alice\necho password={password}\n"
    )
    script.chmod(0o755)
    plain_git(home, "config", "--global", "credential.helper", f"!{script}")


def refused(hub: Path, source: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        hub_create(hub=hub, source=source)
    assert not hub.exists()
    return caught.value


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / "data/hub.git"


class TestHttps:
    def test_open(self, server: str, hub: Path) -> None:
        hub_create(hub=hub, source=f"{server}/open.git")
        hub_fetch(hub=hub)
        assert hub_default_branch(hub) == "main"

    def test_without_a_sign_in(self, server: str, hub: Path) -> None:
        error = refused(hub, f"{server}/private.git")
        assert error.code == "project.auth"
        assert "sign-in" in error.message

    def test_with_the_persons_own_credential_helper(
        self, server: str, hub: Path, home: Path
    ) -> None:
        helper(home, "pass-word")
        hub_create(hub=hub, source=f"{server}/private.git")
        assert "pass-word" not in (hub / "config").read_text()

    def test_with_a_wrong_password(self, server: str, hub: Path, home: Path) -> None:
        helper(home, "wrong-word")
        error = refused(hub, f"{server}/private.git")
        assert error.code == "project.auth"
        assert "wrong-word" not in f"{error.message} {error.details}"

    @pytest.mark.parametrize(
        ("path", "code"),
        [("nothing.git", "project.not-repository"), ("forbidden.git", "project.auth")],
    )
    def test_nothing_there_or_not_for_us(
        self, server: str, hub: Path, path: str, code: str
    ) -> None:
        assert refused(hub, f"{server}/{path}").code == code

    def test_an_unknown_certificate(self, server: str, hub: Path, home: Path) -> None:
        plain_git(home, "config", "--global", "--unset", "http.sslCAInfo")
        error = refused(hub, f"{server}/open.git")
        assert error.code == "project.certificate"


@pytest.fixture
def ssh(home: Path) -> Path:
    """An ssh that runs git here, set as the person's own `core.sshCommand`."""
    script = write(
        home / "my-ssh.sh",
        '#!/bin/sh\necho "$@" >> ~/ssh-was-asked\nfor last; do :; done\nexec sh -c "$last"\n',
    )
    script.chmod(0o755)
    plain_git(home, "config", "--global", "core.sshCommand", str(script))
    plain_git(home, "config", "--global", "ssh.variant", "ssh")
    return home / "ssh-was-asked"


class TestSsh:
    def test_fetch_and_push_with_the_persons_own_command(
        self, origin: Path, tmp_path: Path, ssh: Path
    ) -> None:
        plain_git(tmp_path, "clone", "-q", "--bare", str(origin), "bare.git")
        desk = Desk(tmp_path / "data", origin)
        hub_create(hub=desk.hub, source=f"git@example.org:{tmp_path}/bare.git")
        desk.make_from_hub()
        desk.write("one.py")
        head = desk.snapped().commit
        commit = merge_commit(
            hub=desk.hub, target=desk.base, head=head, message="m", strategy="merge"
        )
        result = push(hub=desk.hub, commit=commit, branch="main", expected=desk.base)
        assert result.state == "pushed"
        assert remote_tip(hub=desk.hub, branch="main") == commit
        asked = ssh.read_text().splitlines()
        assert all("BatchMode=yes" in line for line in asked)
        assert all("git@example.org" in line for line in asked)

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ("git@example.org: Permission denied (publickey).", "project.auth"),
            ("Host key verification failed.", "project.host-key"),
            ("ssh: Could not resolve hostname example.org", "project.unreachable"),
            ("ssh: connect to host example.org port 22: Connection refused", "project.unreachable"),
            ("ERROR: Repository not found.", "project.not-repository"),
        ],
    )
    def test_refusals(self, hub: Path, home: Path, ssh: Path, said: str, code: str) -> None:
        write(home / "my-ssh.sh", f"#!/bin/sh\necho '{said}' >&2\nexit 255\n")
        error = refused(hub, "ssh://git@example.org/x.git")
        assert error.code == code
        assert error.message.count(".") >= 1


def test_nothing_but_sign_in_settings_is_taken_from_the_person(home: Path, tmp_path: Path) -> None:
    plain_git(home, "config", "--global", "core.hooksPath", "/somewhere")
    plain_git(home, "config", "--global", "alias.x", "!touch /tmp/x")
    plain_git(home, "config", "--global", "http.proxy", "http://proxy:1")
    listed = git("config", "--list", login=True).text
    assert "http.proxy=http://proxy:1" in listed
    assert "alias.x" not in listed
    assert "/somewhere" not in listed
    assert "http.proxy" not in git("config", "--list").text


@pytest.mark.parametrize("protocol", ["ext::sh -c true", "git://localhost/x", "http://localhost/x"])
def test_other_protocols_are_off_in_git_itself(desk: Desk, protocol: str) -> None:
    """Even if a bad address got past the check."""
    plain_git(desk.hub, "config", "remote.origin.url", protocol)
    result = git("ls-remote", "origin", git_dir=desk.hub, login=True, check=False)
    assert result.code != 0
    assert "not allowed" in result.stderr
