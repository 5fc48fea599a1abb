"""Sessions that are of no more use are given up: demoted, ended or frozen servers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from tests.support.servers import Services


@pytest.fixture
def session(transactional_db: None, servers: Services) -> Iterator[Any]:
    if servers.database != "postgres":
        pytest.skip("SQLite has no sessions")
    connection.ensure_connection()
    yield connection
    connection.close()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def write() -> None:
    from events.models import Organizer

    Organizer.objects.create(name="Organizer")


@pytest.mark.parametrize("in_transaction", [False, True], ids=["alone", "in a transaction"])
def test_a_session_that_has_become_read_only_is_given_up_as_an_outage(session: Any, in_transaction: bool) -> None:
    before = backend()
    with session.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only TO on")
    with pytest.raises(OperationalError):
        if in_transaction:
            with transaction.atomic():
                write()
        else:
            write()
    assert session.connection is None
    write()
    assert backend() != before


def test_a_session_that_the_server_has_ended_is_given_up(session: Any, servers: Services) -> None:
    before = backend()
    with pytest.raises(OperationalError), session.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [before])
    assert session.connection is None
    assert backend() != before


def test_a_frozen_server_is_not_waited_for(session: Any) -> None:
    from omnify.postgres.watchdog import cut_if_overdue

    pid = backend()
    session.reply_seconds = 0.2
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(OperationalError):
            backend()
        assert time.monotonic() - started >= 0.2
    finally:
        os.kill(pid, signal.SIGCONT)
        session.reply_seconds = 20.0
    session.close()
    assert backend() != pid
    assert not cut_if_overdue(session)


def test_a_session_without_a_call_under_way_may_rest_for_any_time(session: Any) -> None:
    from omnify.postgres.watchdog import cut_if_overdue

    pid = backend()
    session.reply_seconds = 0.0
    assert not cut_if_overdue(session)
    session.reply_seconds = 20.0
    assert backend() == pid


def test_what_loses_decisions_is_named(session: Any) -> None:
    from events.ledger.durability import durability_problems

    assert durability_problems() == []
    assert "synchronous_standby_names is empty" in durability_problems(standby_expected=True)[0]
    with session.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO local; SET statement_timeout TO 0")
    first, second = durability_problems()
    assert first == "synchronous_commit is 'local', not 'on'"
    assert second.startswith("statement_timeout is 0")
    session.close()
