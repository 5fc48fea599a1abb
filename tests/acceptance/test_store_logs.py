"""No log holds what people told the service, the stores' logs included, on a day on which everything goes wrong."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

import psycopg2
import pytest

from events.admission.entry import pack
from events.domain.commands import Callback
from events.domain.ticket_keys import KEY_CHARS
from events.domain.tickets import Tickets
from tests.support.service.event import Event, open_event
from tests.support.service.logs import leaks
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True)]

tickets = Tickets("any secret will do")
LONG = "Long" * 100


def put_into_queue(event: Event, *, name: str, email: str, url: str = "", key: str = "") -> str:
    """An entry that no door would let in, behind all others. Returns its ticket's key."""
    key, redis = key or tickets.mint(), event.service.redis
    place = redis.hincrby(event.keys.state, "seq", 1)
    payload = pack(name=name, email=email, email_digest="d", callback=Callback(url, 1) if url else None)
    redis.xadd(event.keys.queue, {"t": key, "r": int(time.time() * 1000), "p": payload}, id=f"{place}-0")
    return key


def decided_keys(event: Event) -> dict[str, str]:
    rows = event.service.rows("SELECT ticket_key, reason FROM events_registration WHERE event_id = %s", event.id)
    return {str(key): str(reason) for key, reason in rows}


def a_duplicate_reaches_the_ledger(event: Event) -> list[str]:
    """As on the day after the door has forgotten who is registered."""
    [first] = event.admit("twice")
    event.decided(first)
    event.service.redis.delete(*event.keys.decided)
    [second] = event.admit("twice")
    assert event.decided(second)["reason"] == "duplicate"
    return [first, second]


def poison_is_decided(event: Event) -> list[str]:
    bad: list[dict[str, Any]] = [
        {"name": "Guest \0", "email": "nul-name@example.com"},
        {"name": "Guest nul", "email": "nul\0mail@example.com"},
        {"name": LONG, "email": "long@example.com"},
        {"name": "Guest callback", "email": "callback@example.com", "url": f"https://hooks.example.com/{LONG * 9}"},
    ]
    keys = [put_into_queue(event, **fields) for fields in bad]
    wait_until(lambda: set(keys) <= decided_keys(event).keys(), "poison is decided")
    assert {decided_keys(event)[key] for key in keys} == {"invalid"}
    return keys


def a_decided_ticket_comes_again(event: Event) -> list[str]:
    """As after a drain that was killed between its commit and the end of its work."""
    [ticket] = event.admit("again")
    event.decided(ticket)
    key = ticket.split("-", 1)[1][:KEY_CHARS]
    put_into_queue(event, name="Guest again", email="guestagain@example.com", key=key)
    wait_until(lambda: event.queued() == 0, "it is found to be decided")
    return [ticket]


def statements_are_broken_off(event: Event) -> list[str]:
    """A statement with people in it is cancelled, and then its server process is killed with all others."""
    service = event.service
    holder = psycopg2.connect(service.superuser_url())
    cursor = holder.cursor()
    cursor.execute("LOCK TABLE events_registration")
    [ticket] = event.admit("cancelled")
    waiting = """SELECT pid FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND starts_with(query, 'SELECT events_run_quietly')"""
    [(pid,)] = wait_until(lambda: service.rows(waiting), "the drain waits with a guest in its hands")
    cursor.execute("SELECT pg_cancel_backend(%s)", [pid])
    wait_until(lambda: not service.rows(waiting), "the statement is over")
    [(pid,)] = wait_until(lambda: service.rows(waiting), "another one begins")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(psycopg2.OperationalError):
        while True:
            cursor.execute("SELECT 1")
    holder.close()
    wait_until(lambda: _answers(service), "the server has recovered")
    service.heal()
    assert event.decided(ticket)["status"] == "confirmed"
    return [ticket]


def _answers(service: Service) -> bool:
    with suppress(psycopg2.Error):
        return bool(service.rows("SELECT 1"))
    return False


def strangers_are_turned_away(event: Event) -> list[str]:
    service, guess = event.service, "omn_" + "guess" * 8
    bearer = {"Authorization": f"Bearer {guess}"}
    assert service.address.ask("GET", "/webhooks", None, bearer).status == 401
    assert event.send(b'{"name": "Guest", "email": "broken@example.com", ').status == 400
    assert event.register("x", name=["Guest list"]).status == 400
    assert service.manage("create_organizer", "Guest organizer").returncode == 0
    assert service.manage("create_organizer", "Guest organizer").returncode == 1
    return [guess]


def test_no_log_holds_a_person_a_ticket_or_a_secret_after_every_failure(service: Service) -> None:
    event = open_event(service, capacity=100)
    admitted = [
        *a_duplicate_reaches_the_ledger(event),
        *poison_is_decided(event),
        *a_decided_ticket_comes_again(event),
        *statements_are_broken_off(event),
        *strangers_are_turned_away(event),
    ]
    service.kill("valkey")
    service.heal()
    keys = {key for (key,) in service.rows("SELECT ticket_key FROM events_registration WHERE event_id = %s", event.id)}
    assert len(keys) == 8
    assert leaks(service, {*admitted, *keys, LONG[:40]}) == []
