"""The drain alone on queues in which every tenth entry gives a ticket back, against queues of registrations only.

The worst case: half the people have seats and the other half wait, so every cancellation of a seat moves somebody up.
Each chunk of the queue cancels tickets of the chunk before: some of them decided in the same batch, some before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench import load
from bench.measures import Options, interleaved
from bench.measures.drain import drain_seconds
from bench.report import Line, ratio
from bench.stack import Stack, new_event

ENTRIES = 20_000
CHUNK = 500
SHARE = 10  # every tenth entry
PLAIN, WITH = "entries/s, registrations only", "entries/s, every tenth a cancellation"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One ratio."""
    runs = {PLAIN: lambda: _rate(stack, cancels=0), WITH: lambda: _rate(stack, cancels=CHUNK // SHARE)}
    samples = interleaved(options.repetitions, runs)
    name = "drain entries/s with 10 % cancellations and a waitlist ÷ without cancellations"
    return [ratio(name, WITH, PLAIN, samples, at_least=0.5)]


def _rate(stack: Stack, *, cancels: int) -> float:
    event_id = new_event(capacity=ENTRIES // 2, waitlist=ENTRIES)
    _load(stack, event_id)
    asyncio.run(_fill(event_id, cancels))
    if stack.queued(event_id) != ENTRIES:
        raise load.ClientFailedError(f"{stack.queued(event_id)} of {ENTRIES} entries are queued")
    seconds = drain_seconds(stack, event_id)
    gone = _cancelled(event_id)
    stack.forget(event_id)
    if gone != cancels * (ENTRIES // CHUNK - 1):
        raise load.ClientFailedError(f"{gone} tickets were given back")
    return ENTRIES / seconds


def _load(stack: Stack, event_id: int) -> None:
    from events.admission.live import put_event
    from events.ledger.lookup import find_events

    put_event(stack.redis, find_events([event_id])[event_id])


async def _fill(event_id: int, cancels: int) -> None:
    from django.conf import settings

    from events.admission.client import connect_async
    from events.admission.gate import Gate

    client = connect_async(settings.ENV.redis_url)
    gate = Gate(client, queue_limit=ENTRIES)
    before: Sequence[str] = ()
    for start in range(0, ENTRIES, CHUNK):
        given_back = [(key, False) for key in before[:cancels]]
        if given_back:
            await gate.cancel(event_id, given_back)
        people = range(start, start + CHUNK - len(given_back))
        applications = [_application(number) for number in people]
        await gate.admit(event_id, applications)
        before = [application[0] for application in applications]
    await client.aclose()


def _application(number: int) -> tuple[str, str, str, str]:
    from events.admission.entry import pack
    from omnify.tickets import tickets

    email = f"guest{number}@example.com"
    digest = tickets().email_digest(email)
    payload = pack(name=f"Guest {number}", email=email, email_digest=digest, body_digest="")
    return tickets().mint(), digest, "", payload


def _cancelled(event_id: int) -> int:
    from events.models import Event

    return int(Event.objects.get(pk=event_id).cancelled_count)
