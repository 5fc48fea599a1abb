"""Connecting to a PostgreSQL whose connections are all in use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from omnify.postgres import base
from tests.support.servers import Services

ROLE = "with_one_connection"


@pytest.fixture
def one_connection(servers: Services) -> Iterator[dict[str, Any]]:
    """Parameters of a role that may have one connection."""
    if servers.database != "postgres":
        pytest.skip("SQLite knows no roles")
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres"
    superuser = psycopg2.connect(url)
    superuser.autocommit = True
    with superuser.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT 1 PASSWORD 'x'")
        yield {**parse_dsn(url), "user": ROLE, "password": "x"}
        cursor.execute(f"DROP ROLE {ROLE}")
    superuser.close()


def connect(parameters: dict[str, Any]) -> Any:
    wrapper = base.DatabaseWrapper({"TIME_ZONE": None, "OPTIONS": {}, "CONN_HEALTH_CHECKS": False})
    return wrapper.get_new_connection(parameters)


def clock(sleep: Callable[[float], None]) -> SimpleNamespace:
    return SimpleNamespace(monotonic=time.monotonic, sleep=sleep)


def test_the_next_one_waits_until_a_connection_is_free(
    one_connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "TIMEOUT_SECONDS", 60)
    first = connect(one_connection)
    refused = threading.Event()
    monkeypatch.setattr(base, "time", clock(lambda _: refused.set()))
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(connect(one_connection)))
    waiting.start()
    assert refused.wait(60)
    first.close()
    waiting.join(60)
    found[0].close()


def test_if_none_becomes_free_in_time_the_error_says_so(
    one_connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "TIMEOUT_SECONDS", 0.1)
    first = connect(one_connection)
    with pytest.raises(base.AllConnectionsInUse):
        connect(one_connection)
    first.close()


def test_another_fault_is_raised_at_once(one_connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "time", clock(lambda _: pytest.fail("it waits")))
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect({**one_connection, "password": "wrong"})
