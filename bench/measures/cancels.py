"""The drain alone on queues in which every tenth entry gives a ticket back, against queues of registrations only.

The worst case: half the people have seats and the other half wait, so every cancellation of a seat moves one up.
Each chunk of the queue cancels tickets of the chunk before: some of them decided in the same batch, some before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench import guests, ledger, load
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.drain import drain_seconds
from bench.stack import Stack

ENTRIES = 20_000
CHUNK = guests.AT_ONCE
SHARE = 10  # every tenth entry
PLAIN, WITH = "entries/s, registrations only", "entries/s, every tenth a cancellation"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One ratio."""
    chunks = options.number(ENTRIES // CHUNK, least=2)
    runs = {
        PLAIN: lambda: _rate(stack, chunks, cancels=0),
        WITH: lambda: _rate(stack, chunks, cancels=CHUNK // SHARE),
    }
    samples = interleaved(options.fewer, runs)
    name = "drain entries/s with 10 % cancellations and a waitlist ÷ without cancellations"
    return [ratio(name, WITH, PLAIN, samples, at_least=0.5)]


def _rate(stack: Stack, chunks: int, *, cancels: int) -> float:
    entries = chunks * CHUNK
    event_id = ledger.new_event(capacity=entries // 2, waitlist=entries)
    guests.with_door(lambda door: _fill(door, event_id, chunks, cancels))
    if stack.queued(event_id) != entries:
        raise load.ClientFailedError(f"{stack.queued(event_id)} of {entries} entries are queued")
    seconds = drain_seconds(stack, event_id)
    stack.forget(event_id)
    if (gone := _cancelled(event_id)) != cancels * (chunks - 1):
        raise load.ClientFailedError(f"{gone} tickets were given back")
    return entries / seconds


async def _fill(door: guests.Door, event_id: int, chunks: int, cancels: int) -> None:
    before: Sequence[str] = ()
    for _ in range(chunks):
        given_back = before[:cancels]
        await door.give_back(given_back)
        before = await door.register(event_id, CHUNK - len(given_back))


def _cancelled(event_id: int) -> int:
    from events.models import Event

    return int(Event.objects.get(pk=event_id).cancelled_count)
