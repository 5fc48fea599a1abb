"""The door as an ASGI application: it handles the hot routes and hands every other request to the next application.

POST /events/{id}/register                 GET /events/{id}
GET, DELETE /registrations/{ticket_id}     GET /registrations/{ticket_id}/events
GET /health/live: here, so that a crowd that fills Django's bulkheads makes no balancer end a process that works
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from events.admission.gate import Gate, QueueUnavailable
from events.domain.tickets import Tickets
from events.door import parse, responses
from events.door.caller import Callers, Unauthenticated
from events.door.cancel import Canceller
from events.door.event import EventReader
from events.door.loader import DatabaseUnavailable, Loader
from events.door.register import Registrar
from events.door.responses import Response
from events.door.status import Hold, StatusReader
from events.door.stream import Stream, Streams
from events.door.ticket_status import TicketStatusReader
from events.door.watch_hub import WatchHub
from omnify.common import metrics
from omnify.common.asgi_types import ASGIApp, Receive, Scope, Send
from omnify.common.envelope import Code
from omnify.common.request_body import BodyIncomplete, BodyTooLarge, read_body
from omnify.common.shared_timeout import BODY_SECONDS, SharedTimeout

logger = logging.getLogger(__name__)

T = TypeVar("T")

_EVENTS = "/events/"
_REGISTRATIONS = "/registrations/"
_REGISTER = "/register"
_STREAM = "events"
_READS = ("GET", "HEAD")
_LIVE = "/health/live"
_ALIVE = responses.ok({"status": "alive"}, message="Alive.")


class Door:
    """Handles the hot routes and hands other requests to `app`."""

    def __init__(
        self,
        *,
        gate: Gate,
        tickets: Tickets,
        loader: Loader,
        wake: Callable[[int], None],
        app: ASGIApp,
        trusted_proxies: int = 0,
        private_callbacks: bool = False,
    ) -> None:
        reader = TicketStatusReader(gate=gate, loader=loader)
        self._hub = WatchHub(gate=gate, reader=reader)
        self._statuses = StatusReader(tickets=tickets, reader=reader, hub=self._hub)
        self._streams = Streams(tickets=tickets, reader=reader, hub=self._hub)
        self._registrar = Registrar(
            gate=gate, tickets=tickets, loader=loader, wake=wake, private_callbacks=private_callbacks
        )
        self._canceller = Canceller(gate=gate, tickets=tickets, loader=loader, reader=reader, wake=wake)
        self._events = EventReader(gate=gate, loader=loader)
        self._callers = Callers(
            loader=loader,
            tickets=tickets,
            trusted_proxies=trusted_proxies,
            limited=gate.address_limit is not None or gate.refusal_limit is not None,
        )
        self._body_timeout = SharedTimeout(BODY_SECONDS)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        method: str = scope["method"]
        if path.startswith(_REGISTRATIONS):
            await self._registration(scope, receive, send, path[len(_REGISTRATIONS) :])
        elif path.startswith(_EVENTS) and method == "POST" and path.endswith(_REGISTER):
            text = path[len(_EVENTS) : -len(_REGISTER)]
            await self._respond(send, "register", self._register(scope, receive, text))
        elif path.startswith(_EVENTS) and method in _READS and "/" not in path[len(_EVENTS) :]:
            await self._respond(send, "event", self._event(path[len(_EVENTS) :]))
        elif path == _LIVE and method in _READS:
            await _send(send, "live", _ALIVE)
        else:
            await self._app(scope, receive, send)

    async def _registration(self, scope: Scope, receive: Receive, send: Send, rest: str) -> None:
        ticket_id, slash, tail = rest.partition("/")
        method = scope["method"]
        if method in _READS and not slash:
            await self._respond(send, "status", self._status(scope, receive, ticket_id))
        elif method in _READS and tail == _STREAM:
            await self._stream(scope, receive, send, ticket_id)
        elif method == "DELETE" and not slash:
            await self._respond(send, "cancel", self._canceller.cancel(ticket_id))
        else:
            await self._app(scope, receive, send)

    def disconnect_watchers(self) -> None:
        """Ends every stream and long poll because the server is stopping; clients reconnect to another process."""
        self._hub.end()

    @property
    def watchers(self) -> int:
        """The number of open streams and long polls."""
        return self._hub.watchers

    async def close(self) -> None:
        """Closes the subscriptions to Redis."""
        await self._hub.close()

    async def _stream(self, scope: Scope, receive: Receive, send: Send, ticket_id: str) -> None:
        found = await _checked(self._streams.open(ticket_id, last_event_id=_header(scope, b"last-event-id")))
        if isinstance(found, Stream):
            _count("stream", 200)
            await (found.run(receive, send) if scope["method"] == "GET" else found.show_headers(send))
        else:
            await _send(send, "stream", found)

    async def _respond(self, send: Send, route: str, work: Awaitable[Response]) -> None:
        await _send(send, route, await _checked(work))

    async def _register(self, scope: Scope, receive: Receive, text: str) -> Response:
        sent = parse.headers(scope["headers"])
        try:
            # The body is read before anything is refused: with an unread body the connection would have to be closed.
            body = await read_body(
                receive, length=sent.length, limit=parse.MAX_BODY_BYTES, shared_timeout=self._body_timeout
            )
            caller = await self._callers.identify(scope, authorizations=sent.authorizations, forwarded=sent.forwarded)
            event_id = parse.event_id(text)
            if event_id is None:
                return responses.event_not_found()
            return await self._registrar.register(event_id, body, parse.checked_key(sent), caller)
        except BodyTooLarge:
            return responses.closing(responses.refuse(413, Code.PAYLOAD_TOO_LARGE, "At most 16 KiB."))
        except BodyIncomplete:
            # If the client has disconnected, the server drops this response.
            return responses.closing(responses.refuse(408, Code.REQUEST_TIMEOUT, "The body did not come in time."))
        except Unauthenticated as problem:
            return responses.unauthenticated(str(problem))
        except parse.ScopeTooSmall as problem:
            return responses.refuse(403, Code.FORBIDDEN, str(problem))
        except parse.NotJson:
            message = "The body must be application/json in UTF-8."
            return responses.refuse(415, Code.UNSUPPORTED_MEDIA_TYPE, message)
        except parse.BadRequest as problem:
            return responses.refuse(400, Code.INVALID, problem.message, errors=problem.errors)

    async def _status(self, scope: Scope, receive: Receive, ticket_id: str) -> Response:
        try:
            wait = parse.wait_seconds(scope.get("query_string", b""))
        except parse.BadRequest as problem:
            return responses.refuse(400, Code.INVALID, problem.message, errors=problem.errors)
        hold = Hold(wait, receive) if wait else None
        return await self._statuses.read(ticket_id, if_none_match=_header(scope, b"if-none-match"), hold=hold)

    async def _event(self, text: str) -> Response:
        event_id = parse.event_id(text)
        if event_id is None:
            return responses.event_not_found()
        return await self._events.read(event_id)


_UNAVAILABLE: dict[type[Exception], str] = {
    QueueUnavailable: "The queue is out of reach.",
    DatabaseUnavailable: "The database is out of reach.",
}


async def _checked(work: Awaitable[T]) -> T | Response:
    """Returns the result of `work`, or the response to its failure."""
    try:
        return await work
    except (QueueUnavailable, DatabaseUnavailable) as problem:
        return responses.unavailable(_UNAVAILABLE[type(problem)])
    except Exception:
        logger.exception("the door failed")
        return responses.refuse(500, Code.INTERNAL_ERROR, "Something went wrong on our side.")


async def _send(send: Send, route: str, response: Response) -> None:
    _count(route, response.status)
    await send(responses.start_message(response))
    await send({"type": "http.response.body", "body": response.body})


def _header(scope: Scope, name: bytes) -> str:
    """The values of a header (name in lower case), joined by commas; empty without it."""
    found = ""
    for known, value in scope["headers"]:
        if known == name:
            found = f"{found}, {value.decode('latin-1')}" if found else value.decode("latin-1")
    return found


_counters: dict[tuple[str, int], Any] = {}


def _count(route: str, status: int) -> None:
    counter = _counters.get((route, status))
    if counter is None:
        counter = _counters[(route, status)] = metrics.DOOR_ANSWERS.labels(route, str(status))
    counter.inc()
