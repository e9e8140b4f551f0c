from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.support.merging import Shop


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def pat(db: None) -> User:
    return User.objects.create_user("pat", email="pat@example.org", first_name="Pat", last_name="O")


@pytest.fixture
def shop(data_dir: Path, pat: User, tmp_path: Path) -> Shop:
    return Shop.make(tmp_path, pat)
