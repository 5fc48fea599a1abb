"""What the database refuses in the ledger's ordinary work is no error to the server: no setting of its can log it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import timezone

from events.admission.store_log import logging_problems as redis_problems
from events.domain.commands import Callback, Request
from events.ledger.commit import Batch, commit_batch
from events.ledger.database import database
from events.ledger.plan import invalid
from events.ledger.records import RowsExist
from events.ledger.rows import registration_record
from events.ledger.store_log import logging_problems as database_problems
from events.models import Registration
from tests.support.in_process.events import tickets
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Any]
LONG = "long" * 100


@pytest.fixture
def talkative_database(db: None) -> Iterator[None]:
    """This session's server logs whatever fails, with every detail: a PostgreSQL as it comes."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps no log")
    with connection.cursor() as cursor:
        cursor.execute("SET log_min_error_statement TO error; SET log_error_verbosity TO 'default'")
    yield
    connection.close()


def request(number: int, *, name: str = "", email: str = "", url: str = "", key: str = "") -> Request:
    address = email or f"secret{number}@example.com"
    callback = Callback(url, 1) if url else None
    return Request(key or tickets.mint(), name or "Secret", address, address, number, 1, "d", "b", callback)


def test_duplicates_and_poison_leave_nothing_in_the_log_of_a_server_that_logs_everything(
    make_event: Make, servers: Services, talkative_database: None
) -> None:
    event, before = make_event(max_capacity=100), (servers.home / "postgres.log").read_text("utf-8")
    twice = request(1)
    poison = [
        *(request(4, name="Secret\0"), request(5, email="secret\0@example.com"), request(6, name=f"Secret{LONG}")),
        request(7, url=f"https://secret.example.com/{LONG * 6}"),
    ]
    for batch in ([twice], [twice, request(2)], [request(3, email=twice.email)], poison):
        commit_batch(event.pk, Batch(commands=batch, digest=tickets.email_digest))
    rows = Registration.objects.filter(event=event).order_by("sequence").values_list("sequence", "status", "reason")
    assert list(rows) == [
        *((1, "confirmed", ""), (2, "confirmed", ""), (3, "rejected", "duplicate")),
        *((number, "rejected", "invalid") for number in (4, 5, 6, 7)),
    ]
    assert (servers.home / "postgres.log").read_text("utf-8") == before


def test_rows_that_are_there_already_are_told_from_data_that_cannot_be_stored(
    make_event: Make, talkative_database: None
) -> None:
    event, now = make_event(), timezone.now()
    first = request(1)
    records = [registration_record(first, invalid(first, now))]
    database().insert_registrations(event.pk, records, decided_at=now)
    with pytest.raises(RowsExist):
        database().insert_registrations(event.pk, records, decided_at=now)


def test_a_database_that_logs_statements_is_told_of(talkative_database: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET log_statement TO 'mod'; SET log_min_duration_statement TO 100")
    assert database_problems() == [
        "log_statement is 'mod', not 'none'",
        "log_min_error_statement is 'error', not 'panic'",
        "log_error_verbosity is 'default', not 'terse'",
        "log_min_duration_statement is '100ms', not '-1'",
    ]
    connection.close()
    assert database_problems() == []


def test_a_redis_that_keeps_the_arguments_of_commands_is_told_of(redis_client: redis.Redis) -> None:
    assert redis_problems(redis_client) == []
    redis_client.config_set("slowlog-log-slower-than", 10_000)
    try:
        assert redis_problems(redis_client) == ["slowlog-log-slower-than is '10000', not '-1'"]
    finally:
        redis_client.config_set("slowlog-log-slower-than", -1)
