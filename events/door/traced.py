"""The door with traces: the same steps, with a span around each registration that is sampled, and around the calls that
take such ones in. Imported only where tracing is on; one that is not sampled goes its usual way after one comparison.

    POST /events/{id}/register   of one registration; the caller's, if it names one, is its parent. Its context goes
                                 with the entry (`events.admission.trace_blanks`)
    admit                        of one call of `admit.lua`, with a link to each traced registration in it
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Any

import msgspec
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from events.admission.errors import EventNotLoaded, QueueUnavailable
from events.admission.replies import AdmitReply
from events.admission.requests import AdmissionRequest
from events.admission.trace_blanks import write_trace
from events.domain.tickets import reference_of
from events.door import responses
from events.door.admissions import AdmitSeveral
from events.door.failures import checked
from events.door.fast_path import Connection, FastPath, Headers
from events.door.prepare import Prepared
from events.door.register import Registrar
from events.door.responses import Response
from omnify.common.asgi_types import Receive, Scope
from omnify.common.tracing import Traces, caller_of, fail, to_bytes

_ROUTE = "/events/{id}/register"
Batches = Mapping[int, Sequence[AdmissionRequest]]
Register = Callable[[Registrar, Scope, Receive, str], Awaitable[Response]]


class TracedRequest(AdmissionRequest, frozen=True, gc=False):
    """A registration that is traced, with its span."""

    span: Span | None = None


class DoorTraces:
    """What a door does otherwise where tracing is on."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def begin(self, headers: Sequence[tuple[bytes, bytes]], event_id: int | str) -> Span | None:
        """Begins the span of a registration with these headers; None if it is not sampled."""
        return self.begin_within(
            [value for name, value in headers if name == b"traceparent"],
            [value for name, value in headers if name == b"tracestate"],
            event_id,
        )

    def begin_within(
        self, traceparents: Sequence[bytes], tracestates: Sequence[bytes], event_id: int | str
    ) -> Span | None:
        """Does the same with the values of these two."""
        caller = caller_of(traceparents, tracestates) if traceparents else None
        if not self._traces.samples(caller):
            return None
        said = {"http.request.method": "POST", "http.route": _ROUTE, "omnify.event_id": str(event_id)}
        return self._traces.start(f"POST {_ROUTE}", SpanKind.SERVER, parent=caller, attributes=said)

    def admitting(self, admit_several: AdmitSeveral) -> AdmitSeveral:
        """Returns the same call with a span around it, if any of the registrations in it is traced."""

        async def admit(batches: Batches) -> list[AdmitReply | EventNotLoaded | QueueUnavailable]:
            traced = [one.span for batch in batches.values() for one in batch if type(one) is TracedRequest]
            spans = [span for span in traced if span is not None]
            if not spans:
                return await admit_several(batches)
            count = sum(map(len, batches.values()))
            links = [span.get_span_context() for span in spans]
            said = {"omnify.registrations": count, "omnify.events": len(batches)}
            call = self._traces.start("admit", SpanKind.CLIENT, links=links, attributes=said)
            for span in spans:
                span.add_link(call.get_span_context())
            try:
                replies = await admit_several(batches)
            except BaseException as problem:
                fail(call, problem)
                raise
            call.end()
            return replies

        return admit

    def fast_path(self, **options: Any) -> FastPath:
        """Makes the fast path."""
        return TracedFastPath(self, **options)

    def registering(self, register: Register, registrar: Registrar) -> Callable[..., Awaitable[Response]]:
        """Returns the door's way to register off the fast path."""

        async def traced(scope: Scope, receive: Receive, text: str) -> Response:
            span = self.begin(scope["headers"], text)
            if span is None:
                return await register(registrar, scope, receive, text)
            response = await checked(register(with_context(registrar, span), scope, receive, text))
            end(span, response)
            return response

        return traced


class TracedFastPath(FastPath):
    """The fast path, on which a traced registration has a connection and a registrar of its own."""

    def __init__(self, door: DoorTraces, **options: Any) -> None:
        super().__init__(**options)
        self._door = door

    def register(self, connection: Connection, event_id: int, headers: Headers, body: bytes) -> None:
        """Answers `POST /events/<event_id>/register` when it is admitted."""
        parent, state = headers.get(b"traceparent"), headers.get(b"tracestate")
        span = self._door.begin_within(() if parent is None else (parent,), () if state is None else (state,), event_id)
        if span is None:
            super().register(connection, event_id, headers, body)
            return
        # It shares the tasks, which the event loop alone would not keep.
        path = copy(self)
        path._registrar = with_context(self._registrar, span)
        FastPath.register(path, _TracedConnection(connection, span), event_id, headers, body)


class _TracedConnection:
    """The connection of a traced registration: the response ends the span."""

    __slots__ = ("_connection", "_span")

    def __init__(self, connection: Connection, span: Span) -> None:
        self._connection = connection
        self._span = span

    @property
    def peer(self) -> str:
        return self._connection.peer

    @property
    def is_closed(self) -> bool:
        return self._connection.is_closed

    def send(self, response: Response) -> None:
        end(self._span, response)
        self._connection.send(response)


def with_context(registrar: Registrar, span: Span) -> Registrar:
    """Returns the same registrar, whose registrations carry the context of this span."""
    context, traced = to_bytes(span.get_span_context()), copy(registrar)

    def prepare(*arguments: Any) -> Prepared:
        prepared = registrar.prepare(*arguments)
        key, digest, note, payload, address, more = msgspec.structs.astuple(prepared.request)
        request = TracedRequest(key, digest, note, write_trace(payload, context), address, more, span)
        return msgspec.structs.replace(prepared, request=request)

    traced.prepare = prepare
    return traced


def end(span: Span, response: Response) -> None:
    """Ends the span of a registration. Of the ticket it says the reference, which opens nothing."""
    span.set_attribute("http.response.status_code", response.status)
    if response.status == 202:
        span.set_attribute("omnify.reference", reference_of(responses.ticket_of(response).decode()))
    if response.status >= 500:
        span.set_attribute("error.type", str(response.status))
        span.set_status(Status(StatusCode.ERROR))
    span.end()
