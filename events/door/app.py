"""The door as an ASGI application: the hot routes here, every other path and method to the application behind it.

POST /events/{id}/register    GET /events/{id}    GET, DELETE /registrations/{ticket_id}
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from events.admission.gate import Gate, GateClosed
from events.domain.tickets import Tickets
from events.door import answers, parse
from events.door.answers import Answer
from events.door.body import BodyCutShort, BodyTooLarge, read_body
from events.door.caller import Callers, Unauthenticated
from events.door.cancel import Canceller
from events.door.event import EventReader
from events.door.loader import LedgerAway, Loader
from events.door.register import Registrar
from events.door.status import StatusReader
from omnify import metrics
from omnify.patience import BODY_SECONDS, Patience
from omnify.responses import Code

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_EVENTS = "/events/"
_REGISTRATIONS = "/registrations/"
_REGISTER = "/register"
_READS = ("GET", "HEAD")


class Door:
    """Answers the hot routes and hands the rest to `behind`."""

    def __init__(
        self,
        *,
        gate: Gate,
        tickets: Tickets,
        loader: Loader,
        wake: Callable[[int], None],
        behind: Application,
        trusted_proxies: int = 0,
    ) -> None:
        self._registrar = Registrar(gate=gate, tickets=tickets, loader=loader, wake=wake)
        self._statuses = StatusReader(gate=gate, tickets=tickets, loader=loader)
        self._canceller = Canceller(gate=gate, tickets=tickets, loader=loader, statuses=self._statuses, wake=wake)
        self._events = EventReader(gate=gate, loader=loader)
        self._callers = Callers(
            loader=loader,
            tickets=tickets,
            trusted_proxies=trusted_proxies,
            limited=gate.address_limit is not None,
        )
        self._patience = Patience(BODY_SECONDS)
        self._behind = behind

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        method: str = scope["method"]
        if path.startswith(_REGISTRATIONS) and method in _READS and "/" not in path[len(_REGISTRATIONS) :]:
            await self._reply(send, "status", self._status(scope, path[len(_REGISTRATIONS) :]))
        elif path.startswith(_REGISTRATIONS) and method == "DELETE" and "/" not in path[len(_REGISTRATIONS) :]:
            await self._reply(send, "cancel", self._canceller.cancel(path[len(_REGISTRATIONS) :]))
        elif path.startswith(_EVENTS) and method == "POST" and path.endswith(_REGISTER):
            text = path[len(_EVENTS) : -len(_REGISTER)]
            await self._reply(send, "register", self._register(scope, receive, text))
        elif path.startswith(_EVENTS) and method in _READS and "/" not in path[len(_EVENTS) :]:
            await self._reply(send, "event", self._event(path[len(_EVENTS) :]))
        else:
            await self._behind(scope, receive, send)

    async def _reply(self, send: Send, route: str, work: Awaitable[Answer]) -> None:
        try:
            answer = await work
        except (GateClosed, LedgerAway) as problem:
            answer = answers.unavailable(_WHAT[type(problem)])
        except Exception:
            logger.exception("the door failed")
            answer = answers.refuse(500, Code.INTERNAL_ERROR, "Something went wrong on our side.")
        _count(route, answer.status)
        await send(answers.start_message(answer))
        await send({"type": "http.response.body", "body": answer.body})

    async def _register(self, scope: Message, receive: Receive, text: str) -> Answer:
        sent = parse.headers(scope["headers"])
        try:
            # The body is read before anything is refused: an unread one would cost the client its connection.
            body = await read_body(receive, length=sent.length, limit=parse.MAX_BODY_BYTES, patience=self._patience)
            caller = await self._callers.identify(scope, authorizations=sent.authorizations, forwarded=sent.forwarded)
            event_id = parse.event_id(text)
            if event_id is None:
                return answers.refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")
            parse.require_json(sent.content_type)
            return await self._registrar.register(event_id, body, parse.idempotency_key(sent.idempotency_keys), caller)
        except BodyTooLarge:
            return answers.closing(answers.refuse(413, Code.PAYLOAD_TOO_LARGE, "At most 16 KiB."))
        except BodyCutShort:
            # Nobody may be left to read this; the server drops it then.
            return answers.closing(answers.refuse(408, Code.REQUEST_TIMEOUT, "The body did not come in time."))
        except Unauthenticated as problem:
            return answers.unauthenticated(str(problem))
        except parse.NotJson:
            message = "The body must be application/json in UTF-8."
            return answers.refuse(415, Code.UNSUPPORTED_MEDIA_TYPE, message)
        except parse.BadRequest as problem:
            return answers.refuse(400, Code.INVALID, problem.message, errors=problem.errors)

    async def _status(self, scope: Message, ticket_id: str) -> Answer:
        answer = await self._statuses.read(ticket_id)
        if answer.status == 200:
            for name, value in scope["headers"]:
                if name == b"if-none-match":
                    return answers.not_modified(answer, value)
        return answer

    async def _event(self, text: str) -> Answer:
        event_id = parse.event_id(text)
        if event_id is None:
            return answers.refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")
        return await self._events.read(event_id)


_WHAT: dict[type[Exception], str] = {
    GateClosed: "The queue is out of reach.",
    LedgerAway: "The database is out of reach.",
}

_counters: dict[tuple[str, int], Any] = {}


def _count(route: str, status: int) -> None:
    counter = _counters.get((route, status))
    if counter is None:
        counter = _counters[(route, status)] = metrics.DOOR_ANSWERS.labels(route, str(status))
    counter.inc()
