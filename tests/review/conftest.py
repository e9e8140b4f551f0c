from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.support.merging import Shop, template_make


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template_make(tmp_path_factory.mktemp("template"))


@pytest.fixture
def pat(db: None) -> User:
    return User.objects.create_user("pat", email="pat@example.org", first_name="Pat", last_name="O")


@pytest.fixture
def shop(data_dir: Path, pat: User, template: Path, tmp_path: Path) -> Shop:
    return Shop.make(tmp_path, pat, template=template)


@pytest.fixture
def checked_out(data_dir: Path, pat: User, template: Path, tmp_path: Path) -> Shop:
    """Its origin is a person's working copy, with `main` checked out."""
    return Shop.make(tmp_path, pat, template=template, bare=False)
