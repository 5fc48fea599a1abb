"""The fast path: registering and polling without a coroutine, for plain requests that the server has read whole.

    request -> `FastPath.register` -> an entry in the event's batch -> `_Registering.set_result` -> `Connection.send`

It is the same door: the same checks, batches and responses as in `app`, called without an ASGI scope, a task and a
future in between, which cost three times as much as all the rest. It leaves requests with a token and anything unusual
to `app`. What takes longer than one call to Redis (an event that is not loaded, a ticket that only the ledger knows)
goes on in a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct

from events.admission.errors import EventNotLoaded
from events.door import parse, responses
from events.door.admissions import AdmissionResult
from events.door.caller import Callers
from events.door.counting import count
from events.door.failures import checked, response_to
from events.door.prepare import Prepared
from events.door.register import Registrar
from events.door.responses import Response
from events.door.status import Poll, StatusReader
from events.door.ticket_status import Answer

_REGISTER = "register"
_STATUS = "status"

# The headers of a request that has each of them once, by their names in lower case.
Headers = Mapping[bytes, bytes]


class Connection(Protocol):
    """A client's connection, which waits for one response at a time."""

    @property
    def peer(self) -> str:
        """The address of the other side; empty for a Unix socket."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""

    def send(self, response: Response) -> None:
        """Sends the response; drops it if the client has disconnected."""


class FastPath:
    """Answers plain requests for the two routes that a crowd uses."""

    def __init__(self, *, registrar: Registrar, statuses: StatusReader, callers: Callers) -> None:
        self._registrar = registrar
        self._statuses = statuses
        self._callers = callers
        # The event loop itself keeps only weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()

    def register(self, connection: Connection, event_id: int, headers: Headers, body: bytes) -> None:
        """Answers `POST /events/<event_id>/register` when it is admitted."""
        try:
            parse.require_json(headers.get(b"content-type", b""))
            caller = self._callers.anonymous(connection.peer, headers.get(b"x-forwarded-for"))
            key = headers.get(b"idempotency-key")
            checked_key = None if key is None else parse.idempotency_key([key])
            prepared = self._registrar.prepare(event_id, body, checked_key, caller)
        except (parse.BadRequest, parse.NotJson) as problem:
            self.respond(connection, _REGISTER, response_to(problem))
            return
        if b"prefer" in headers and self._registrar.wants_receipt([headers[b"prefer"]]):
            self._registrar.put(prepared, _WithReceipt(self, connection, self._registrar, prepared))
        else:
            self._registrar.put(prepared, _Registering(self, connection, self._registrar, prepared))

    def status(self, connection: Connection, ticket_id: str, headers: Headers) -> None:
        """Answers `GET /registrations/<ticket_id>` when it is read."""
        known = headers.get(b"if-none-match")
        poll = self._statuses.prepare(ticket_id, "" if known is None else known.decode("latin-1"))
        if poll is None:
            self.respond(connection, _STATUS, responses.ticket_not_found())
        else:
            self._statuses.put(poll, _Polling(self, connection, self._statuses, poll))

    def respond(self, connection: Connection, route: str, response: Response) -> None:
        """Sends a response, and counts it."""
        count(route, response.status)
        connection.send(response)

    def go_on(self, connection: Connection, route: str, work: Awaitable[Response]) -> None:
        """Responds with the result of `work`, in a task."""
        task = asyncio.get_running_loop().create_task(self._respond_later(connection, route, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond_later(self, connection: Connection, route: str, work: Awaitable[Response]) -> None:
        self.respond(connection, route, await checked(work))


class _Registering(Struct, gc=False):
    """A client whose registration is in a batch. Nothing here raises: the batch has other clients."""

    _path: FastPath
    _connection: Connection
    _registrar: Registrar
    _prepared: Prepared

    def done(self) -> bool:
        """Tells whether the client has disconnected: then a registration that was not sent yet is dropped."""
        return self._connection.is_closed

    def set_result(self, result: AdmissionResult) -> None:
        if result.may_be_behind:
            self._path.go_on(self._connection, _REGISTER, self._registrar.register_again(self._prepared))
            return
        try:
            response = self._registrar.respond(self._prepared, result)
        except Exception as problem:
            response = response_to(problem)
        self._path.respond(self._connection, _REGISTER, response)

    def set_exception(self, problem: Exception) -> None:
        if isinstance(problem, EventNotLoaded):
            self._path.go_on(self._connection, _REGISTER, self._registrar.load_and_register(self._prepared))
        else:
            self._path.respond(self._connection, _REGISTER, response_to(problem))


class _WithReceipt(_Registering, gc=False):
    """A client that asked for a receipt."""

    def set_result(self, result: AdmissionResult) -> None:
        receipts, said = self._registrar.receipts, None
        if result.may_be_behind:
            self._go_on(self._registrar.register_again)
            return
        try:
            response = self._registrar.respond(self._prepared, result)
            said = self._registrar.statement(self._prepared, result, response)
        except Exception as problem:
            response = response_to(problem)
        if said is None or receipts is None:
            self._path.respond(self._connection, _REGISTER, response)
        else:
            receipts.add(said, response, partial(self._path.respond, self._connection, _REGISTER))

    def set_exception(self, problem: Exception) -> None:
        if isinstance(problem, EventNotLoaded):
            self._go_on(self._registrar.load_and_register)
        else:
            super().set_exception(problem)

    def _go_on(self, register: Callable[[Prepared, bool], Awaitable[Response]]) -> None:
        self._path.go_on(self._connection, _REGISTER, register(self._prepared, True))


class _Polling(Struct, gc=False):
    """A client whose ticket is being read. Nothing here raises, either."""

    _path: FastPath
    _connection: Connection
    _statuses: StatusReader
    _poll: Poll

    def done(self) -> bool:
        """Returns False: reading for a client that has disconnected costs less than asking each of them first."""
        return False

    def set_result(self, answer: Answer) -> None:
        try:
            response = self._statuses.respond(self._poll, answer)
        except Exception as problem:
            response = response_to(problem)
        if response is None:
            self._path.go_on(self._connection, _STATUS, self._statuses.read_ledger(self._poll, answer))
        else:
            self._path.respond(self._connection, _STATUS, response)

    def set_exception(self, problem: Exception) -> None:
        self._path.respond(self._connection, _STATUS, response_to(problem))
