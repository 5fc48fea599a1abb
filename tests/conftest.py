"""Gives every run servers of its own, and every integration test an empty Valkey that it must leave tidy.

Set `OMNIFY_TEST_DATABASE=sqlite` to run on SQLite instead of PostgreSQL; Valkey is real either way.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
import redis

from tests.services import Services

# Before anything reads the settings.
SERVICES = Services(os.environ.get("OMNIFY_TEST_DATABASE") or "postgres")
atexit.register(SERVICES.stop)
os.environ.update(SERVICES.environment())
os.environ["DJANGO_SETTINGS_MODULE"] = "omnify.settings"

_HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Test modules import models. pytest-django would set Django up before this file names the servers."""
    django.setup()


@pytest.fixture(scope="session")
def servers() -> Iterator[Services]:
    """Real servers, started when the first test needs them."""
    SERVICES.start()
    yield SERVICES
    SERVICES.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: Services) -> None:
    """Runs before pytest-django makes the test database. SQLite's is a file, since processes and threads share it."""
    from django.db import connection

    if servers.database == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(servers.home / "test.sqlite3")


@pytest.fixture
def redis_client(servers: Services) -> Iterator[redis.Redis]:
    """A client of the run's Valkey; replies are bytes."""
    from events.admission.client import connect

    client = connect(servers.valkey.url())
    yield client
    client.close()


@pytest.fixture
def process_environment(servers: Services, db: None) -> dict[str, str]:
    """For processes a test starts: the run's servers, and the test database in place of the empty one."""
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else _with_database(os.environ["DATABASE_URL"], name)
    return {**os.environ, "DATABASE_URL": url}


@pytest.fixture(autouse=True)
def tidy_valkey(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empties Valkey before each integration test, and fails a test that leaves a key nobody will ever remove."""
    if not request.node.path.is_relative_to(_HERE / "integration"):
        yield
        return
    request.getfixturevalue("servers")
    client: redis.Redis = request.getfixturevalue("redis_client")
    client.flushall()
    yield
    leaked = find_leaks(client)
    assert not leaked, f"Redis keys without TTL or owner: {leaked}"


def find_leaks(client: redis.Redis) -> list[str]:
    """Keys that have neither a TTL nor an owner in `events.admission.keys`."""
    from events.admission.keys import OWNED_PATTERNS

    names = [name.decode(errors="replace") for name in client.scan_iter(count=1000)]
    return [
        name
        for name in names
        if client.ttl(name) == -1 and not any(pattern.fullmatch(name) for pattern in OWNED_PATTERNS)
    ]


def _with_database(url: str, name: str) -> str:
    head, _, _ = url.rpartition("/")
    return f"{head}/{name}"
