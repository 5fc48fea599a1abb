"""The door's side of admission: calls that are each for a whole batch, on the event loop.

Each returns answers in the order of the batch. A Redis that does not answer is a `QueueUnavailable`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import msgspec
import redis.asyncio
from redis.exceptions import ReadOnlyError, RedisError

from events.admission import calls, hold_calls
from events.admission import keys as k
from events.admission.admit_call import admit_call
from events.admission.calls import Call, CancelRequest
from events.admission.cancel_replies import CancelReply, decode_cancel
from events.admission.cluster_link import ClusterLink
from events.admission.compared_servers import Asked, ComparedServers
from events.admission.connection import Connection
from events.admission.descriptions import read_description
from events.admission.errors import EventNotLoaded, QueueNotReplicated, QueueUnavailable
from events.admission.hold_calls import ConfirmRequest
from events.admission.hold_replies import ConfirmReply, decode_confirm
from events.admission.link import Link
from events.admission.listing import read_listed
from events.admission.news import News, Subscriptions
from events.admission.recovery import Recovery
from events.admission.replies import AdmitReply, Failed, NotLoaded, TooLate, decode_admit, decode_event
from events.admission.requests import AdmissionRequest
from events.admission.server_clock import ServerClock
from events.admission.status_replies import StatusReply, decode_status
from events.domain.listed import Listed
from events.domain.rate_limit import RateLimit
from events.domain.snapshot import EventProgress, EventSnapshot
from omnify.common.logs import get_logger
from omnify.common.replicas import AsyncReplicatedClient, NotReplicated

logger = get_logger(__name__)

_decode_snapshot = msgspec.json.Decoder(EventSnapshot).decode

Reply = TypeVar("Reply", AdmitReply, CancelReply, ConfirmReply)
# Whatever runs scripts on the event loop.
Caller = Link | ClusterLink | redis.asyncio.Redis | AsyncReplicatedClient


class Gate:
    """Admission on one Redis. Scripts are called through `link` where it can be used, the rest through `client`.

    With `replicated`, what a client is promised is written through that, which returns when enough replicas have it.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        queue_limit: int,
        link: Caller | None = None,
        replicated: Caller | None = None,
        address_limit: RateLimit | None = None,
        refusal_limit: RateLimit | None = None,
    ) -> None:
        self._client = client
        self._others = [other for other in (link, replicated) if other is not None]
        self._reader: Caller = link or client
        self._writer = replicated or self._reader
        self._queue_limit = queue_limit
        self.address_limit = address_limit
        self.refusal_limit = refusal_limit
        self._clock = ServerClock()
        self._recovery = Recovery()
        self._servers = ComparedServers(self._reader)
        for caller in (self._reader, self._writer):
            if isinstance(caller, Link | ClusterLink):
                caller.on_connected = self._on_connected if caller is self._writer else self._servers.on_connected

    async def aclose(self) -> None:
        """Closes all connections but those for news."""
        self._servers.close()
        await self._client.aclose()
        for other in self._others:
            await other.aclose()

    async def learn_clock(self) -> None:
        """Compares clocks with the server, so that the first call has a deadline too. Raises QueueUnavailable."""
        started = time.monotonic()
        try:
            seconds, micros = await self._client.time()
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem
        self._clock.update(seconds * 1000 + micros // 1000, started)

    async def admit(self, event_id: int, registrations: Sequence[AdmissionRequest]) -> AdmitReply:
        """Admits registrations of one event, in this order; they are durable when it returns. Raises EventNotLoaded:
        nothing was admitted. Raises QueueUnavailable: Redis did not answer, or too few replicas."""
        [reply] = await self.admit_several({event_id: registrations})
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def admit_several(
        self, batches: Mapping[int, Sequence[AdmissionRequest]]
    ) -> list[AdmitReply | EventNotLoaded | QueueUnavailable]:
        """Does the same for several events whose `lane_of` is the same, in one call; for each the reply, or what
        `admit` would raise. Raises QueueUnavailable."""
        started, clock = time.monotonic(), self._clock_of(next(iter(batches)))
        call = admit_call(
            batches,
            queue_limit=self._queue_limit,
            deadline=clock.deadline_ms(started),
            addresses=self.address_limit,
            refusals=self.refusal_limit,
        )
        asked = Asked(self._writer, *batches)
        replies = decode_admit(await self._run(call, asked))
        found: list[AdmitReply | EventNotLoaded | QueueUnavailable] = []
        for (event_id, registrations), each in zip(batches.items(), replies, strict=True):
            try:
                reply = _in_time(each, started, clock)
                self._recovery.remember(event_id, registrations, reply.answers)
                found.append(asked.mark(event_id, reply))
            except (EventNotLoaded, QueueUnavailable) as problem:
                found.append(problem)
        return found

    def lane_of(self, event_id: int) -> int:
        """Names what an event shares with all whose keys are on its server: one call may be about several of them."""
        return 0

    async def cancel(self, event_id: int, cancellations: Sequence[CancelRequest]) -> CancelReply:
        """Enqueues cancellations, in this order; they are durable when it returns.

        Raises EventNotLoaded: nothing was enqueued. Raises QueueUnavailable: no answer of Redis, or too few replicas.
        """
        return await self._enqueue(event_id, partial(calls.cancel, cancellations=cancellations), decode_cancel)

    async def confirm(self, event_id: int, confirmations: Sequence[ConfirmRequest]) -> ConfirmReply:
        """Enqueues confirmations of held tickets, in this order; they are durable when it returns.

        Raises EventNotLoaded: nothing was enqueued. Raises QueueUnavailable: no answer of Redis, or too few replicas.
        """
        return await self._enqueue(event_id, partial(hold_calls.confirm, confirmations=confirmations), decode_confirm)

    async def _enqueue(
        self, event_id: int, make_call: Callable[..., Call], decode: Callable[[bytes], Reply | NotLoaded | TooLate]
    ) -> Reply:
        """Enqueues commands about tickets. `admit` does without it: a call more would cost registrations time."""
        started, clock = time.monotonic(), self._clock_of(event_id)
        call = make_call(
            k.event_keys(event_id),
            state_ttl=k.STATE_TTL_SECONDS,
            wake_ttl=k.WAKE_TTL_MS,
            deadline=clock.deadline_ms(started),
        )
        asked = Asked(self._writer, event_id)
        return asked.mark(event_id, _in_time(decode(await self._run(call, asked)), started, clock))

    async def statuses(self, event_id: int, ticket_keys: Sequence[str]) -> StatusReply:
        """Reads the status of these tickets, as far as Redis knows. Raises QueueUnavailable."""
        asked = Asked(self._reader, event_id)
        call = calls.status(k.event_keys(event_id), tickets=ticket_keys)
        return asked.mark(event_id, decode_status(await self._run(call, asked)))

    async def has_all(self, mark: EventProgress) -> bool:
        """Tells whether what Redis shows of an event is no older than its row in the ledger, which was read before.

        Its replies are not marked `may_be_behind` any more then. Raises QueueUnavailable.
        """
        try:
            return all([await Asked(caller, mark.event_id).has_all(mark) for caller in {self._reader, self._writer}])
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem

    async def event(self, event_id: int) -> tuple[int, EventSnapshot]:
        """Reads `(now ms, snapshot)` by Redis's clock. Raises EventNotLoaded, QueueUnavailable."""
        now_ms, snapshot, _ = await self.described_event(event_id)
        return now_ms, snapshot

    async def described_event(self, event_id: int) -> tuple[int, EventSnapshot, str | None]:
        """Does the same, with the event's description; None: Redis has another one than the snapshot's, or none."""
        reply = decode_event(await self._run(calls.read_event(k.event_keys(event_id)), self._reader))
        if isinstance(reply, NotLoaded):
            raise EventNotLoaded
        snapshot = _decode_snapshot(reply.snapshot)
        counted = replace(snapshot, confirmed_count=reply.confirmed, waitlisted_count=reply.waitlisted)
        return reply.now_ms, counted, read_description(reply.described, snapshot.description_version)

    async def check(self) -> None:
        """Returns when the store has written something, and enough replicas have it. Raises QueueUnavailable."""
        await self._check(k.DOOR)

    async def _check(self, name: str) -> None:
        await self._run(calls.check_write(name, ttl=k.DOOR_TTL_MS), self._writer)

    async def listed(self) -> list[Listed]:
        """Reads the public events that have not ended, in no order. Raises QueueUnavailable."""
        return await self._read_list(k.LISTED)

    async def _read_list(self, name: str) -> list[Listed]:
        try:
            return read_listed(await self._reader.execute_command("HVALS", name))
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem

    def news(
        self, *, on_change: Callable[[int, list[str]], None], on_subscribed: Callable[[int], None]
    ) -> Subscriptions:
        """Subscriptions to events on this Redis."""
        return News(self._client, on_change=on_change, on_subscribed=on_subscribed)

    async def note_lost(self, event_id: int, key: str, sequence: int) -> bool:
        """Records a genuine ticket that is in neither store. False: it is recorded already. Raises QueueUnavailable."""
        name = k.event_keys(event_id).lost
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hset(name, key, str(sequence))
                pipe.expire(name, k.LOST_TTL_SECONDS)
                return bool((await pipe.execute())[0])
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem

    def _clock_of(self, event_id: int) -> ServerClock:
        return self._clock

    async def _on_connected(self, connection: Connection) -> None:
        await asyncio.gather(self._recovery.on_connected(connection), self._servers.on_connected(connection))

    async def _run(self, call: Call, caller: Caller | Asked) -> bytes:
        try:
            reply: bytes = await call.run_async(caller)
        except (RedisError, OSError) as problem:
            logger.throttled_warning("redis did not answer", script=call.script.name, problem=str(problem)[:200])
            if isinstance(problem, ReadOnlyError):
                # The server has been demoted, so reads must not go on there, either.
                for other in self._others:
                    if isinstance(other, Link):
                        other.close_idle()
            unavailable = QueueNotReplicated if isinstance(problem, NotReplicated) else QueueUnavailable
            raise unavailable(type(problem).__name__) from problem
        return reply


def _in_time(reply: Reply | NotLoaded | TooLate | Failed, started: float, clock: ServerClock) -> Reply:
    if isinstance(reply, NotLoaded):
        raise EventNotLoaded
    if isinstance(reply, Failed):
        logger.throttled_warning("redis failed for one event", problem=reply.error[:200])
        raise QueueUnavailable("failed")
    clock.update(reply.now_ms, started)
    if isinstance(reply, TooLate):
        raise QueueUnavailable("late")
    return reply
