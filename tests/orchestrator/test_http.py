"""What every answer has in common, whichever view gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client

from orchestrator.lib.http import StaticStorage
from orchestrator.services.access import login_code_issue

HOST = f"localhost:{settings.BAKEOFF_PORT}"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada"))
    return client


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    for path in ("/", "/tasks", "/projects", "/agents", "/activity", "/tasks/1"):
        response = client.get(path, headers={"host": HOST})
        assert response.status_code == 302, path
        assert response["Location"].startswith("/login?next="), path


def test_strangers_get_401_from_the_api_whatever_the_address(client: Client) -> None:
    for path in ("/api/v1/projects", "/api/v1/openapi.json", "/api/v1/no-such-thing"):
        response = client.get(path, headers={"host": HOST})
        assert response.status_code == 401, path
        assert set(response.json()) == {"code", "message", "details"}, path


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", "", "127.0.0.2"])
def test_foreign_names_are_refused_for_pages_api_and_static(client: Client, host: str) -> None:
    for path in ("/login", "/api/v1/projects", "/static/css/base.css"):
        assert client.get(path, headers={"host": host}).status_code == 400


def test_another_name_of_ours_leads_to_the_public_one(ada: Client) -> None:
    response = ada.get("/tasks?q=1", headers={"host": f"127.0.0.1:{settings.BAKEOFF_PORT}"})
    assert response.status_code == 302
    assert response["Location"] == f"{settings.BAKEOFF_PUBLIC_URL}/tasks?q=1"


def test_a_login_code_is_not_used_up_under_another_name(client: Client) -> None:
    response = client.get("/login?code=abc", headers={"host": "127.0.0.1"})
    assert response["Location"] == f"{settings.BAKEOFF_PUBLIC_URL}/login?code=abc"


def test_the_api_answers_under_every_name_of_ours(ada: Client) -> None:
    assert ada.get("/api/v1/projects", headers={"host": "127.0.0.1"}).status_code == 200


def test_every_answer_says_what_may_run_in_it(client: Client) -> None:
    for path in ("/login", "/", "/api/v1/projects"):
        response = client.get(path, headers={"host": HOST})
        policy = response["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_page_is_not_kept_in_place_of_its_fragment(ada: Client) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        response = ada.get("/tasks", headers={"host": HOST, **headers})
        assert "HX-Request" in response["Vary"]


def test_the_cookie_is_of_this_host_and_port_only(client: Client) -> None:
    code = login_code_issue(user=User.objects.create_user("eve"))
    assert client.get(f"/login?code={code}", headers={"host": HOST}).status_code == 302
    cookie = client.cookies[f"bakeoff_session_{settings.BAKEOFF_PORT}"]
    assert not cookie["domain"]
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]


def test_modules_import_each_other_by_their_hashed_names(tmp_path: Path) -> None:
    storage = StaticStorage(location=str(tmp_path), base_url="/static/")
    sources = {
        "js/a.js": 'import { b } from "./b.js";\nimport "./c.js";\n// like: import x from "./a.js";\n',
        "js/b.js": 'export {\n  c,\n} from "./c.js";\nconst later = () => import("./c.js");\n',
        "js/c.js": "export const c = 1;\n",
        "package/d.js": "// import { x } from './nowhere.js';\nimport './nowhere.js';\n",
    }
    for name, text in sources.items():
        storage.save(name, ContentFile(text))
    done = list(storage.post_process({name: (storage, name) for name in sources}))
    assert not [processed for _, _, processed in done if isinstance(processed, Exception)]
    hashed = {name: Path(storage.path(storage.hashed_files[name])) for name in sources}
    a, b, c = hashed["js/a.js"], hashed["js/b.js"], hashed["js/c.js"]
    assert f'import {{ b }} from "./{b.name}";' in a.read_text()
    assert f'import "./{c.name}";' in a.read_text()
    assert 'from "./a.js"' in a.read_text()
    assert b.read_text().count(f"./{c.name}") == 2
    assert hashed["package/d.js"].read_text() == sources["package/d.js"]
