"""Finds out what a server lacks that has taken over from one that was ahead of it.

Replication is asynchronous: without `QUEUE_REPLICAS` a promoted replica can lack the last registrations that were
answered with 202. Where the server has replicas each door keeps the keys of the last ones that it admitted, and
compares them over every new connection, before any other call goes over it. What is not known there is noted as
missing; a full sweep asks the ledger and marks the rest as lost. The sequence goes on after the highest that the door
has given out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec
from redis.exceptions import MovedError, RedisError

from events.admission import calls
from events.admission import keys as k
from events.admission.connection import Connection
from events.admission.replies import Admission, Admitted
from events.admission.requests import AdmissionRequest
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# Registrations that a door remembers: at full speed those of several seconds. About 10 MB.
MOST = 100_000
_CHUNK = 1000
# Of the two in which a connection must be made. Comparing all takes a tenth of that; the door must not wait for it.
_SECONDS = 1.0


class _Ticket(msgspec.Struct, frozen=True, gc=False):
    event_id: int
    key: str
    sequence: int


class Recovery:
    """A door's memory of what it has admitted, from the first server on that has replicas."""

    def __init__(self) -> None:
        self._recent: deque[_Ticket] | None = None

    def remember(self, event_id: int, requests: Sequence[AdmissionRequest], answers: Sequence[Admission]) -> None:
        """Remembers those of a batch that were admitted."""
        if self._recent is not None:
            pairs = zip(requests, answers, strict=True)
            self._recent.extend(_Ticket(event_id, item.key, a.sequence) for item, a in pairs if type(a) is Admitted)

    async def on_connected(self, connection: Connection) -> None:
        """Compares over a new connection. A server that cannot answer is compared over the next one."""
        try:
            async with asyncio.timeout(_SECONDS):
                replication: bytes = await connection.execute_command("INFO", "replication")
                if self._recent is None:
                    # A server keeps a backlog from its first replica on, also while that one is away.
                    self._recent = deque(maxlen=MOST) if b"repl_backlog_active:1" in replication else None
                    return
                compared = [self._compare(connection, *part) for part in self._by_event().items()]
                found = {ticket for missing in await asyncio.gather(*compared) for ticket in missing}
        except (RedisError, TimeoutError) as problem:
            logger.warning("a new connection was not compared", problem=type(problem).__name__)
            return
        if found:
            self._recent = deque((ticket for ticket in self._recent if ticket not in found), maxlen=MOST)

    def _by_event(self) -> dict[int, list[_Ticket]]:
        events: dict[int, list[_Ticket]] = {}
        for ticket in self._recent or ():
            events.setdefault(ticket.event_id, []).append(ticket)
        return events

    async def _compare(self, connection: Connection, event_id: int, tickets: list[_Ticket]) -> list[_Ticket]:
        """Returns the tickets of an event if some of them are missing: they are noted, and need not be remembered."""
        keys, ttl = k.event_keys(event_id), k.LOST_TTL_SECONDS
        parts = [[(ticket.key, ticket.sequence) for ticket in part] for part in _chunks(tickets)]
        compared = [calls.recover(keys, admitted=part, missing_ttl=ttl) for part in parts]
        try:
            missing = sum(await asyncio.gather(*[call.run_async(connection) for call in compared]))
        except MovedError:
            return []  # another node of the Cluster has the event
        if not missing:
            return []
        message = "the queue's server lacks tickets that were admitted; a sweep finds out which are lost"
        logger.error(message, event_id=event_id, missing=missing)
        return tickets


def _chunks(tickets: list[_Ticket]) -> Iterator[list[_Ticket]]:
    rest = iter(tickets)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
