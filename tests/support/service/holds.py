"""Holds of a service under test: time that passes for some of them at once."""

from __future__ import annotations

from functools import partial

import psycopg2

from tests.support.service.event import Event
from tests.support.waiting import wait_until

_OVER = """
UPDATE events_registration SET expires_at = now() - interval '1 second'
WHERE event_id = %s AND status = 'held' AND left(ticket_key, 8) = %s
"""


def let_run_out(event: Event, *ticket_ids: str) -> None:
    """As if the time of these holds were over by now. Returns when the service has ended them."""
    connection = psycopg2.connect(event.service.superuser_url(), connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            for ticket_id in ticket_ids:
                cursor.execute(_OVER, [event.id, ticket_id.partition("-")[2][:8]])
                assert cursor.rowcount == 1, "the ticket is not held"
    finally:
        connection.close()
    for ticket_id in ticket_ids:
        wait_until(partial(_expired, event, ticket_id), "the hold has run out")


def held(event: Event, ticket_id: str) -> dict[str, object]:
    """The ticket, once its seat is set aside."""
    return wait_until(partial(_with, event, ticket_id, "held"), "a seat is set aside")


def _expired(event: Event, ticket_id: str) -> bool:
    return bool(_with(event, ticket_id, "expired"))


def _with(event: Event, ticket_id: str, status: str) -> dict[str, object] | None:
    ticket = event.ticket(ticket_id)
    return ticket if ticket["status"] == status else None
