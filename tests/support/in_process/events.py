"""What the integration tests are made of: events, applications, calls of a gate. Imported by tests, never by conftest:
pytest loads conftest before Django is set up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import redis
from django.db import connection
from django.utils import timezone

from events.admission.calls import AdmissionRequest
from events.admission.entry import pack
from events.admission.gate import Gate
from events.admission.queue import Queue
from events.admission.replies import Refused
from events.admission.snapshots import put_event
from events.domain.attendee import email_key
from events.domain.rate_limit import RateLimit
from events.domain.tickets import Tickets
from events.ledger.lookup import watched_event_ids
from events.ledger.queries import event_snapshot
from events.models import Event, Organizer
from events.secrets import tickets as service_tickets
from omnify.common.redis_client import connect_async
from tests.support.servers import Services
from worker.drain import Drain

tickets = Tickets("a secret of the tests")


def open_event(client: redis.Redis, *, load: bool = True, **fields: Any) -> Event:
    """Makes an event that can be registered for, and loads it into Redis as a save through the API does."""
    organizer, _ = Organizer.objects.get_or_create(name="Tests")
    now = timezone.now()
    given = {
        "name": "Evening",
        "location": "Hall",
        "max_capacity": 10,
        "start_time": now + timedelta(days=1),
        "end_time": now + timedelta(days=2),
        "registration_opens_at": now - timedelta(hours=1),
        "registration_closes_at": now + timedelta(days=1),
        **fields,
    }
    event = Event.objects.create(organizer=organizer, **given)
    if load:
        put_event(client, event_snapshot(event))
    return event


def apply_for(
    number: int | str, *, key: str | None = None, note: str = "", name: str = "", address: str = ""
) -> AdmissionRequest:
    """A registration of guest `number`, as the door hands it to the gate. `note` stands for an Idempotency-Key."""
    email = f"Guest{number}@example.com"
    holder = tickets.email_digest(email_key(email))
    payload = pack(name=name or f"Guest {number}", email=email, email_digest=holder)
    return AdmissionRequest(key or tickets.mint(), holder, note, payload, address)


def kind(answer: Any) -> str:
    """Which answer of a script this is: its tag, or the reason of a refusal."""
    return answer.reason.value if isinstance(answer, Refused) else str(answer.__struct_config__.tag)


def kinds(reply: Any) -> list[str]:
    """Which answers a batch has got, in its order."""
    return [kind(answer) for answer in reply.answers]


def with_gate(
    servers: Services,
    work: Callable[[Gate], Any],
    *,
    queue_limit: int = 1000,
    limit: RateLimit | None = None,
    refusals: RateLimit | None = None,
) -> Any:
    """Runs one call of a gate on an event loop of its own."""

    async def run() -> Any:
        client = connect_async(servers.valkey.url())
        try:
            gate = Gate(client, queue_limit=queue_limit, address_limit=limit, refusal_limit=refusals)
            return await work(gate)
        finally:
            await client.aclose()

    return asyncio.run(run())


def make_queue(client: redis.Redis) -> Queue:
    """The drain's view of the run's Valkey."""
    return Queue(client)


def make_drain(queue: Queue) -> Drain:
    """A drain in this process, with time for everything."""
    return Drain(queue=queue, digest=tickets.email_digest, slice_seconds=60)


def drain_all_until(client: redis.Redis, stop: threading.Event) -> None:
    """Drains every event that has work, again and again, until told to stop."""
    drain = replace(make_drain(make_queue(client)), digest=service_tickets().email_digest, sleep=lambda seconds: None)
    try:
        while not stop.is_set():
            for event_id in list(watched_event_ids(all_events=True)):
                if drain.queue.lengths([event_id])[0]:
                    drain.run(event_id)
            stop.wait(0.01)
    finally:
        connection.close()
