"""The door as an ASGI application: it handles the hot routes and hands every other request to the next application.

POST /events/{id}/register                 GET /events/{id}
GET, DELETE /registrations/{ticket_id}     GET /registrations/{ticket_id}/events
POST /registrations/{ticket_id}/confirm
GET /health/live, /health/door: here, so that neither a crowd that fills Django's bulkheads nor an outage of the
database makes a balancer take a process away that works
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from events.admission.gate import Gate
from events.domain.decision_log.receipts import ReceiptSigner
from events.domain.tickets import Tickets
from events.door import parse, responses
from events.door.admissions import as_it_is
from events.door.caller import Caller, Callers
from events.door.cancel import Canceller
from events.door.catch_up import CatchUp
from events.door.confirm import Confirmer
from events.door.counting import count, count_slow
from events.door.counting import flush as flush_counts
from events.door.event import SHOWS_DRAFTS, Draft, EventReader
from events.door.failures import checked
from events.door.fast_path import FastPath
from events.door.health import ALIVE, DoorHealth
from events.door.loader import Loader
from events.door.parse_confirmation import confirmation
from events.door.register import Registrar
from events.door.responses import Response
from events.door.status import Hold, StatusReader
from events.door.stream import Stream, Streams
from events.door.ticket_status import TicketStatusReader
from events.door.watch_hub import WatchHub
from omnify.common.asgi_types import ASGIApp, Receive, Scope, Send
from omnify.common.request_body import read_body
from omnify.common.shared_timeout import BODY_SECONDS, SharedTimeout

if TYPE_CHECKING:
    from events.door.traced import DoorTraces

_EVENTS = "/events/"
_REGISTRATIONS = "/registrations/"
_REGISTER = "/register"
_STREAM = "events"
_CONFIRM = "confirm"
_READS = ("GET", "HEAD")
_LIVE = "/health/live"
_DOOR = "/health/door"


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
        receipts: ReceiptSigner | None = None,
        traces: DoorTraces | None = None,
    ) -> None:
        catch_up = CatchUp(gate=gate, loader=loader)
        reader = TicketStatusReader(gate=gate, loader=loader, catch_up=catch_up)
        self._hub = WatchHub(gate=gate, reader=reader)
        self._statuses = StatusReader(tickets=tickets, reader=reader, hub=self._hub)
        self._streams = Streams(tickets=tickets, reader=reader, hub=self._hub)
        self._registrar = Registrar(
            gate=gate,
            tickets=tickets,
            loader=loader,
            catch_up=catch_up,
            wake=wake,
            private_callbacks=private_callbacks,
            receipts=receipts,
            around=as_it_is if traces is None else traces.admitting,
        )
        with_registrar = partial if traces is None else traces.registering
        self._register: Callable[[Scope, Receive, str], Awaitable[Response]] = with_registrar(
            self._register_with, self._registrar
        )
        self._canceller = Canceller(gate=gate, tickets=tickets, loader=loader, reader=reader, wake=wake)
        self._confirmer = Confirmer(
            gate=gate, tickets=tickets, loader=loader, catch_up=catch_up, reader=reader, wake=wake
        )
        self._events = EventReader(gate=gate, loader=loader)
        self._health = DoorHealth(gate)
        self._callers = Callers(
            loader=loader,
            tickets=tickets,
            trusted_proxies=trusted_proxies,
            limited=gate.address_limit is not None or gate.refusal_limit is not None,
        )
        self._body_timeout = SharedTimeout(BODY_SECONDS)
        self._app = app
        make_fast_path = FastPath if traces is None else traces.fast_path
        self.fast_path = make_fast_path(registrar=self._registrar, statuses=self._statuses, callers=self._callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        method: str = scope["method"]
        if path.startswith(_REGISTRATIONS):
            await self._registration(scope, receive, send, path[len(_REGISTRATIONS) :])
        elif path.startswith(_EVENTS) and method == "POST" and path.endswith(_REGISTER):
            text = path[len(_EVENTS) : -len(_REGISTER)]
            await self._respond(send, "register", self._register(scope, receive, text))
        elif path.startswith(_EVENTS) and method in _READS and "/" not in path[len(_EVENTS) :]:
            await self._event(scope, receive, send, path[len(_EVENTS) :])
        elif path == _LIVE and method in _READS:
            await _send(send, "live", ALIVE)
        elif path == _DOOR and method in _READS:
            await self._respond(send, "door", self._health.read())
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
        elif method == "POST" and tail == _CONFIRM:
            await self._respond(send, "confirm", self._confirm(scope, receive, ticket_id))
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
        """Closes the subscriptions to Redis, and writes what was kept for the log and the metrics."""
        self._registrar.flush()
        flush_counts()
        await self._hub.close()

    async def _stream(self, scope: Scope, receive: Receive, send: Send, ticket_id: str) -> None:
        found = await checked(self._streams.open(ticket_id, last_event_id=_header(scope, b"last-event-id")))
        if isinstance(found, Stream):
            count("stream", 200)
            await (found.run(receive, send) if scope["method"] == "GET" else found.show_headers(send))
        else:
            await _send(send, "stream", found)

    async def _respond(self, send: Send, route: str, work: Awaitable[Response]) -> None:
        await _send(send, route, await checked(work))

    async def _register_with(self, registrar: Registrar, scope: Scope, receive: Receive, text: str) -> Response:
        count_slow("register")
        sent, body, caller = await self._read(scope, receive)
        event_id = parse.event_id(text)
        if event_id is None:
            return responses.event_not_found()
        prepared = registrar.prepare(event_id, body, parse.checked_key(sent), caller)
        return await registrar.register(prepared, registrar.wants_receipt(sent.preferences))

    async def _confirm(self, scope: Scope, receive: Receive, ticket_id: str) -> Response:
        sent, body, caller = await self._read(scope, receive)
        if body:
            parse.require_json(sent.content_type)
        return await self._confirmer.confirm(ticket_id, confirmation(body), caller)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[parse.RegistrationHeaders, bytes, Caller]:
        """Reads the body before anything is refused: with an unread body the connection would have to be closed."""
        sent = parse.headers(scope["headers"])
        body = await read_body(
            receive, length=sent.length, limit=parse.MAX_BODY_BYTES, shared_timeout=self._body_timeout
        )
        client = scope.get("client")
        caller = await self._callers.identify(
            peer=client[0] if client else "", authorizations=sent.authorizations, forwarded=sent.forwarded
        )
        return sent, body, caller

    async def _status(self, scope: Scope, receive: Receive, ticket_id: str) -> Response:
        wait = parse.wait_seconds(scope.get("query_string", b""))
        if wait is None:
            count_slow("status")
        hold = Hold(wait, receive) if wait else None
        return await self._statuses.read(ticket_id, if_none_match=_header(scope, b"if-none-match"), hold=hold)

    async def _event(self, scope: Scope, receive: Receive, send: Send, text: str) -> None:
        found = await checked(self._read_event(text))
        if isinstance(found, Draft):
            found = found.shown if scope.get(SHOWS_DRAFTS) else responses.event_not_found()
        if found.status == 404 and parse.has_credentials(scope["headers"]):
            # Sessions are Django's; so is the decision whose draft it is. Of an event that does not exist too: the time
            # that the answer takes would tell one from the other.
            await self._app(scope, receive, send)
        else:
            await _send(send, "event", found)

    async def _read_event(self, text: str) -> Response | Draft:
        event_id = parse.event_id(text)
        return responses.event_not_found() if event_id is None else await self._events.read(event_id)


async def _send(send: Send, route: str, response: Response) -> None:
    count(route, response.status)
    await send(responses.start_message(response))
    await send({"type": "http.response.body", "body": response.body})


def _header(scope: Scope, name: bytes) -> str:
    return parse.joined(scope["headers"], name)
