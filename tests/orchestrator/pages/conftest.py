from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from agents.models import AgentProfile
from orchestrator.lib import paths
from orchestrator.models import Host, Project
from orchestrator.states import ProjectState
from tests.support.pages import World


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def stranger(db: None, data_dir: Path) -> Client:
    return Client(headers={"Host": urlsplit(django_settings.BAKEOFF_PUBLIC_URL).netloc})


@pytest.fixture
def pat(db: None) -> User:
    return User.objects.create_user("pat", first_name="Pat")  # no password: hashing is slow


@pytest.fixture
def client(pat: User, data_dir: Path) -> Client:
    client = Client(headers={"Host": urlsplit(django_settings.BAKEOFF_PUBLIC_URL).netloc})
    client.force_login(pat)
    return client


@pytest.fixture
def world(pat: User, data_dir: Path) -> World:
    Host.objects.create(id=paths.host_id(), name="here", slots=8)
    project = Project.objects.create(
        name="shop",
        source="/srv/shop.git",
        default_branch="main",
        state=ProjectState.READY,
        host=paths.host_id(),
    )
    return World(pat, project, AgentProfile.objects.create(name="scripted", adapter="demo"))
