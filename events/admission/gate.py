"""The door's side of admission: calls that are each for a whole batch, on the event loop.

Each returns plain answers in the order of what was asked. Whatever keeps Redis from answering is a `QueueUnavailable`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import redis.asyncio
from redis.exceptions import RedisError

from events.admission import keys as k
from events.admission import scripts
from events.admission.news import News
from events.domain.rate_limit import Quota, RateLimit
from events.domain.snapshot import EventSnapshot
from omnify.common.logs import get_logger
from omnify.common.redis_client import CALL_VALID_SECONDS

logger = get_logger(__name__)

decode = msgspec.msgpack.Decoder().decode
_decode_snapshot = msgspec.json.Decoder(EventSnapshot).decode

# (key, e-mail digest, note of the Idempotency-Key, payload, address digest), as admit.lua wants it. The note is empty
# without an Idempotency-Key, the address for those who are not limited. For an organizer, and where there are older
# secrets, two more: (organizer, has a callback) or None, and [(key, note, e-mail digest), ...] under those.
Application = tuple[Any, ...]


class QueueUnavailable(Exception):
    """Redis is out of reach or refuses to work."""


class EventNotLoaded(Exception):
    """Redis holds no copy of this event: it must be loaded from the ledger, or there is none."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The reply to a batch of applications. `answers` as listed in admit.lua; `rate` in decisions per second; `quotas`
    says for each what its address has left, None where it was not counted."""

    now_ms: int
    wake: bool
    answers: list[list[Any]]
    rate: float
    quotas: Sequence[Quota | None]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The reply to a batch of cancellations. `answers` as listed in cancel.lua."""

    wake: bool
    answers: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Standings:
    """The reply to a batch of status questions. `answers` as listed in status.lua; `rate` in decisions per second."""

    rate: float
    answers: list[list[Any]]


class _ServerClock:
    """When a call is too old to be obeyed, by the server's clock.

    A server that hangs (a stopped process, a full disk) may read a call long after the door has given up and said 503.
    The call carries its own end, so that it admits nobody then. Until the first reply the server's clock is unknown.
    """

    def __init__(self) -> None:
        self._ahead_ms: float | None = None

    def saw(self, server_ms: int, sent: float) -> None:
        """Learns from a reply to a call that was sent at `sent` (seconds): the server is ahead by this much at most."""
        self._ahead_ms = server_ms - sent * 1000

    def deadline_ms(self, sent: float) -> int:
        """The last moment at which a call sent now may take effect; 0 if the server's clock is not known yet."""
        if self._ahead_ms is None:
            return 0
        return int(sent * 1000 + self._ahead_ms + CALL_VALID_SECONDS * 1000)


class Gate:
    """Admission on one Redis."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        queue_limit: int,
        address_limit: RateLimit | None = None,
        refusal_limit: RateLimit | None = None,
    ) -> None:
        self._client = client
        self._queue_limit = queue_limit
        self.address_limit = address_limit
        self.refusal_limit = refusal_limit
        self._clock = _ServerClock()

    async def learn_clock(self) -> None:
        """Compares clocks with the server, so that the first admission carries its end too. Raises QueueUnavailable."""
        started = time.monotonic()
        try:
            seconds, micros = await self._client.time()
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem
        self._clock.saw(seconds * 1000 + micros // 1000, started)

    async def admit(self, event_id: int, applications: Sequence[Application]) -> Admitted:
        """Takes registrations in, in this order; durable when it returns.

        Raises:
            EventNotLoaded: nothing was taken.
            QueueUnavailable: Redis did not answer.
        """
        keys = k.event_keys(event_id)
        names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake, keys.rates)
        limit, refusals = self.address_limit, self.refusal_limit
        started = time.monotonic()
        reply = await self._call(
            scripts.ADMIT,
            (*names, *keys.addresses, *keys.refusals, *keys.keys),
            scripts.encode(applications),
            self._queue_limit,
            k.STATE_TTL_SECONDS,
            k.WAKE_TTL_MS,
            k.RATES_TTL_SECONDS,
            self._clock.deadline_ms(started),
            limit.count if limit else 0,
            limit.window_seconds if limit else 1,
            k.ADDRESSES_MAX,
            refusals.count if refusals else 0,
            refusals.window_seconds if refusals else 1,
            k.KEYS_TTL_SECONDS,
        )
        if reply[0] == 0:
            raise EventNotLoaded
        self._clock.saw(reply[1], started)
        if reply[0] == 2:
            raise QueueUnavailable("late")
        _, now_ms, wake, answers, rate, lefts, window_left_ms = reply
        return Admitted(now_ms, wake == 1, answers, rate, _quotas(answers, lefts, window_left_ms))

    async def cancel(self, event_id: int, questions: Sequence[tuple[str, bool]]) -> Cancelled:
        """Takes cancellations in, in this order; durable when it returns.

        Each question is a ticket's key, and whether the ledger is known to hold a place for it.

        Raises:
            EventNotLoaded: nothing was taken.
            QueueUnavailable: Redis did not answer.
        """
        keys = k.event_keys(event_id)
        names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake)
        started = time.monotonic()
        reply = await self._call(
            scripts.CANCEL,
            names,
            scripts.encode(questions),
            k.STATE_TTL_SECONDS,
            k.WAKE_TTL_MS,
            self._clock.deadline_ms(started),
        )
        if reply[0] == 0:
            raise EventNotLoaded
        self._clock.saw(reply[1], started)
        if reply[0] == 2:
            raise QueueUnavailable("late")
        return Cancelled(reply[2] == 1, reply[3])

    async def statuses(self, event_id: int, ticket_keys: Sequence[str]) -> Standings:
        """Where these tickets stand. Raises QueueUnavailable."""
        keys = k.event_keys(event_id)
        names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.waitlist)
        rate, answers = await self._call(scripts.STATUS, names, scripts.encode(ticket_keys))
        return Standings(rate, answers)

    async def event(self, event_id: int) -> tuple[int, EventSnapshot]:
        """`(now ms, snapshot)` by Redis's clock. Raises EventNotLoaded, QueueUnavailable."""
        reply = await self._call(scripts.READ_EVENT, (k.event_keys(event_id).state,))
        if not reply:
            raise EventNotLoaded
        now_ms, snapshot, confirmed, waitlisted = reply
        return now_ms, replace(_decode_snapshot(snapshot), confirmed_count=confirmed, waitlisted_count=waitlisted)

    def news(self, *, heard: Callable[[int, list[str]], None], joined: Callable[[int], None]) -> News:
        """Subscriptions to events on this Redis."""
        return News(self._client, heard=heard, joined=joined)

    async def note_lost(self, event_id: int, key: str, sequence: int) -> None:
        """Remembers a ticket that its holder asked for and nobody has. Raises QueueUnavailable."""
        name = k.event_keys(event_id).lost
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hset(name, key, str(sequence))
                pipe.expire(name, k.LOST_TTL_SECONDS)
                await pipe.execute()
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem

    async def _call(self, script: scripts.Script, names: Sequence[str], *args: scripts.Argument) -> Any:
        try:
            reply = await script.call_async(self._client, names, *args)
        except (RedisError, OSError) as problem:
            logger.throttled_warning("redis did not answer", script=script.name, problem=str(problem)[:200])
            raise QueueUnavailable(type(problem).__name__) from problem
        return decode(reply)


def _quotas(answers: list[list[Any]], lefts: list[int], window_left_ms: int) -> Sequence[Quota | None]:
    """What each address has left, and the seconds until it has more, or may come again if it was limited."""
    if not lefts:
        return [None] * len(answers)
    rest = -(-window_left_ms // 1000)
    waits = (-(-answer[1] // 1000) if answer[0] == "r" else rest for answer in answers)
    return [Quota(left, wait) if left >= 0 else None for left, wait in zip(lefts, waits, strict=True)]
