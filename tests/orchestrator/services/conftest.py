from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from agents.bundle import Bundle
from orchestrator.lib import paths
from orchestrator.models import Host
from tests.support.bundles import wait_for
from tests.support.merging import Shop, template_make


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    yield tmp_path / "data"
    for path in paths.bundles_dir().glob("*"):
        _end(Bundle(path))


def _end(bundle: Bundle) -> None:
    if bundle.shim_alive():
        bundle.control("kill", id="end-of-test")
        wait_for(lambda: not bundle.shim_alive(), "the shim's end")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template_make(tmp_path_factory.mktemp("template"))


@pytest.fixture
def shop(data_dir: Path, db: None, template: Path, tmp_path: Path) -> Shop:
    Host.objects.create(id=paths.host_id(), name="here", slots=8)
    user = User.objects.create_user("pat", first_name="Pat")
    return Shop.make(tmp_path, user, template=template)
