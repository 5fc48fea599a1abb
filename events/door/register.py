"""`POST /events/{id}/register`: parse, admit, answer."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from random import random
from typing import Any

from events.admission.entry import pack
from events.admission.gate import Admitted, Application, EventNotLoaded, Gate
from events.admission.outcomes import decode_outcome
from events.domain.attendee import email_key
from events.domain.commands import Callback
from events.domain.rate_limit import Quota, RateLimit
from events.domain.states import Status
from events.domain.tickets import TicketName, Tickets, reference
from events.domain.waiting import opening_retry, outage_retry
from events.door import parse, responses
from events.door.caller import Caller
from events.door.loader import Loader
from events.door.responses import Response
from omnify.common import metrics
from omnify.common.batcher import EventBatchers
from omnify.common.envelope import Code
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# One ticket's answer from admit.lua and what its address has left, with what the batch had in common: now (ms) and
# decisions per second.
Reply = tuple[list[Any], Quota | None, int, float]

_FOREIGN_CALLBACK = {"callback_url": ["Only the organizer of this event can have one."]}
_REFUSALS: dict[str, tuple[int, Code, str, int | None]] = {
    "m": (422, Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key came with another body before.", None),
    "d": (409, Code.DUPLICATE_REGISTRATION, "This e-mail address is registered for the event already.", None),
    "s": (409, Code.SOLD_OUT, "No seat is left.", None),
    "c": (409, Code.REGISTRATION_CLOSED, "Registration is closed.", None),
    "f": (503, Code.QUEUE_FULL, "Too many are waiting. Try again.", 5),
}

# What a `callback_url` comes to for whoever is no organizer here: without a token, and with one of a smaller scope.
_GUESTS_CALLBACK = {False: parse.no_callback, True: parse.scoped_callback}


class Registrar:
    """Takes registrations of all events in, one batcher for each event that is busy."""

    def __init__(
        self,
        *,
        gate: Gate,
        tickets: Tickets,
        loader: Loader,
        wake: Callable[[int], None],
        jitter: Callable[[], float] = random,
        private_callbacks: bool = False,
    ) -> None:
        self._gate = gate
        self._tickets = tickets
        self._loader = loader
        self._wake = wake
        self._callback = parse.any_callback if private_callbacks else parse.own_callback
        self._jitter = jitter
        self._batchers = EventBatchers[Application, Reply](self._send)

    async def register(self, event_id: int, body: bytes, idempotency_key: str | None, caller: Caller) -> Response:
        """The answer to one registration.

        Raises:
            BadRequest, OutOfReach: nothing was queued.
            QueueUnavailable, DatabaseUnavailable: a store is out of reach.
        """
        organizer_id = caller.organizer_id
        check = self._callback if organizer_id is not None else _GUESTS_CALLBACK[caller.scoped]
        name, email, url = found = parse.registration(body, callback=check)
        names = self._tickets.names(
            event_id=event_id, idempotency_key=idempotency_key, body=found, email_key=email_key(email)
        )
        callback = Callback(url, organizer_id) if url and organizer_id is not None else None
        reply = await self._admit(event_id, _application(name, email, names, callback, caller))
        if reply is None:
            return responses.refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")
        answer, quota = self._answer(event_id, names, reply), reply[1]
        limit = self._gate.address_limit
        return answer if quota is None or limit is None else responses.with_quota(answer, limit, quota)

    async def _admit(self, event_id: int, application: Application) -> Reply | None:
        with contextlib.suppress(EventNotLoaded):
            reply = await self._batchers.ask(event_id, application)
            if reply[0][0] != "u":
                return reply
        if not await self._loader.load_event(event_id):
            return None
        return await self._batchers.ask(event_id, application)

    async def _send(self, event_id: int, applications: list[Application]) -> list[Reply]:
        started = time.perf_counter()
        reply = await self._gate.admit(event_id, applications)
        metrics.ADMISSION_SECONDS.observe(time.perf_counter() - started)
        metrics.ADMISSION_BATCH.observe(len(applications))
        if reply.wake:
            self._wake(event_id)
        self._report(event_id, applications, reply)
        pairs = zip(reply.answers, reply.quotas, strict=True)
        return [(answer, quota, reply.now_ms, reply.rate) for answer, quota in pairs]

    def _report(self, event_id: int, applications: list[Application], reply: Admitted) -> None:
        pairs = zip(applications, reply.answers, strict=True)
        refs = [reference(event_id, application[0]) for application, answer in pairs if answer[0] == "a"]
        if refs:
            logger.info("admitted", event_id=event_id, tickets=refs)

    def _answer(self, event_id: int, names: Sequence[TicketName], reply: Reply) -> Response:
        (kind, *details), quota, now_ms, rate = reply
        if kind == "a":
            return self._accepted(event_id, names[0], Status.QUEUED, details[1], now_ms, rate)
        if kind == "q":
            _, position, requested_ms, which = details
            return self._accepted(event_id, names[which], Status.QUEUED, position, requested_ms, rate)
        if kind == "o":
            name = names[details[1]]
            outcome = decode_outcome(name.key, details[0])
            return self._accepted(event_id, name, outcome.status, None, outcome.requested_ms, rate)
        if kind == "n":
            wait = opening_retry(details[0] - now_ms, jitter=self._jitter())
            message = "Registration has not opened yet."
            return responses.refuse(409, Code.REGISTRATION_NOT_OPEN, message, retry_seconds=wait)
        if kind == "r" and quota:
            message = "Too many registrations from this address."
            return responses.refuse(429, Code.RATE_LIMITED, message, retry_seconds=quota.seconds)
        if kind == "t" and self._gate.refusal_limit:
            return _too_many_refusals(self._gate.refusal_limit, details[0])
        if kind == "b":
            message = "The request is not valid."
            return responses.refuse(400, Code.INVALID, message, errors=_FOREIGN_CALLBACK)
        if kind == "u":
            return responses.unavailable("The event is being loaded.")
        status, code, message, retry = _REFUSALS[kind]
        seconds = None if retry is None else outage_retry(retry, jitter=self._jitter())
        return responses.refuse(status, code, message, retry_seconds=seconds)

    def _accepted(
        self, event_id: int, name: TicketName, status: Status, position: int | None, requested_ms: int, rate: float
    ) -> Response:
        return responses.accepted(
            ticket_id=self._tickets.ticket_id(event_id=event_id, key=name.key, mark=name.mark),
            event_id=event_id,
            status=status,
            position=position,
            requested_ms=requested_ms,
            rate=rate,
            jitter=self._jitter(),
        )


def _application(
    name: str, email: str, names: Sequence[TicketName], callback: Callback | None, caller: Caller
) -> Application:
    key, note, digest, mark = names[0]
    payload = pack(name=name, email=email, email_digest=digest, mark=mark, callback=callback)
    application: Application = (key, digest, note, payload, caller.address)
    if caller.organizer_id is None and len(names) == 1:
        return application
    organizer = None if caller.organizer_id is None else (caller.organizer_id, callback is not None)
    return (*application, organizer, [older[:3] for older in names[1:]])


def _too_many_refusals(limit: RateLimit, wait_ms: int) -> Response:
    seconds = -(-wait_ms // 1000)
    message = "Too many refused registrations from this address."
    answer = responses.refuse(429, Code.RATE_LIMITED, message, retry_seconds=seconds)
    return responses.with_quota(answer, limit, Quota(0, seconds))
