"""How it ended: what the ledger holds when everything has healed."""

from __future__ import annotations

import msgspec
import psycopg2

from events.domain.snapshot import EventProgress

_EVENTS = "SELECT id, max_capacity, waitlist_capacity, confirmed_count, waitlisted_count FROM events_event ORDER BY id"
_ROWS = """
SELECT event_id, ticket_key, email, status, reason, sequence, revision, extract(epoch FROM decided_at) * 1000
FROM events_registration ORDER BY event_id, sequence, id
"""
_PROGRESS = "SELECT id, version, coalesce(round(extract(epoch FROM decided_at) * 1000), 0)::bigint FROM events_event"
# Nothing in a run waits the five minutes that the third attempt of a webhook waits.
_HURRY = """
UPDATE events_webhookdelivery SET next_attempt_at = least(next_attempt_at, now()) WHERE state = 'pending'
"""
_CLOSE_BREAKERS = "UPDATE events_webhookendpoint SET open_until = NULL, failures = 0"
_PENDING = "SELECT count(*) FROM events_webhookdelivery WHERE state = 'pending'"

CONNECT_SECONDS = 30


class Event(msgspec.Struct, frozen=True):
    """An event of the ledger."""

    id: int
    capacity: int
    waitlist: int
    confirmed: int
    waitlisted: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A decided registration. `decided_ms` is when its status changed last."""

    event: int
    key: str
    email: str
    status: str
    reason: str
    sequence: int
    revision: int
    decided_ms: float


class Outcome(msgspec.Struct, frozen=True):
    """The ledger at the end."""

    events: list[Event]
    rows: list[Row]


def read_ledger(url: str) -> Outcome:
    """Reads the ledger."""
    with psycopg2.connect(url, connect_timeout=CONNECT_SECONDS) as connection, connection.cursor() as cursor:
        cursor.execute(_EVENTS)
        events = [Event(*row) for row in cursor.fetchall()]
        cursor.execute(_ROWS)
        names = Row.__struct_fields__
        rows = [Row(**dict(zip(names, (*row[:-1], float(row[-1])), strict=True))) for row in cursor.fetchall()]
    connection.close()
    return Outcome(events, rows)


def read_progress(url: str) -> list[EventProgress]:
    """Reads how far each event of the ledger is."""
    with psycopg2.connect(url, connect_timeout=CONNECT_SECONDS) as connection, connection.cursor() as cursor:
        cursor.execute(_PROGRESS)
        found = [EventProgress(*row) for row in cursor.fetchall()]
    connection.close()
    return found


def hurry_webhooks(url: str) -> int:
    """Lets all pending messages be sent now. Returns how many there are."""
    with psycopg2.connect(url, connect_timeout=CONNECT_SECONDS) as connection, connection.cursor() as cursor:
        cursor.execute(_CLOSE_BREAKERS)
        cursor.execute(_HURRY)
        cursor.execute(_PENDING)
        found = cursor.fetchone()
    connection.close()
    return int(found[0]) if found else 0
