"""Answers as bytes: the two shapes of `omnify.common.envelope`, rendered for the hot routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import random
from typing import Any

import msgspec

from events.domain.public.ticket import AcceptedTicket
from events.domain.rate_limit import Quota, RateLimit
from events.domain.states import Status
from events.domain.times import iso
from events.domain.waiting import estimated_seconds, outage_retry, retry_after
from omnify.common.asgi_types import Header, Message
from omnify.common.envelope import Code, failure, success

_encode = msgspec.json.Encoder().encode
_JSON: Header = (b"content-type", b"application/json")
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_PUBLIC: Header = (b"cache-control", b"no-cache")
# The envelope of `success`, written out: encoding it anew would cost as much as the ticket.
_ACCEPTED = b'{"success":true,"message":"Registration received.","data":'
STORE_RETRY_SECONDS = 2


@dataclass(slots=True)
class Response:
    """An HTTP answer, ready to send."""

    status: int
    body: bytes
    headers: Sequence[Header] = ()
    # What says so may be kept by browsers and proxies: default deny, since nearly all is about one person's ticket.
    public: bool = False

    def header(self, name: bytes) -> bytes:
        """The header's value; empty without one."""
        return next((value for known, value in self.headers if known == name), b"")


def ok(
    data: Any, *, message: str = "OK", status: int = 200, headers: Sequence[Header] = (), public: bool = False
) -> Response:
    """An answer that worked."""
    return Response(status, _encode(success(data, message)), headers, public)


def refuse(
    status: int,
    code: Code,
    message: str,
    *,
    errors: dict[str, list[str]] | None = None,
    retry_seconds: int | None = None,
) -> Response:
    """An answer that did not work."""
    headers = [] if retry_seconds is None else [(b"retry-after", b"%d" % retry_seconds)]
    return Response(status, _encode(failure(code, message, errors)), headers)


def unauthenticated(message: str) -> Response:
    """A token that does not count. The same answer as the API's."""
    answer = refuse(401, Code.UNAUTHENTICATED, message)
    return Response(answer.status, answer.body, ((b"www-authenticate", b"Bearer"),))


def with_quota(answer: Response, limit: RateLimit, quota: Quota) -> Response:
    """`answer`, and what the client's address has left of this limit."""
    field = quota.field(limit.name)
    headers = (*answer.headers, (b"ratelimit-policy", limit.policy.encode()), (b"ratelimit", field.encode()))
    return Response(answer.status, answer.body, headers)


def closing(answer: Response) -> Response:
    """`answer`, and then the end of the connection: what is left of a body must not be read as a request."""
    return Response(answer.status, answer.body, (*answer.headers, (b"connection", b"close")))


def event_not_found() -> Response:
    """The response for an event id that does not exist."""
    return refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")


def ticket_not_found() -> Response:
    """The response for a ticket id that was never given out."""
    return refuse(404, Code.TICKET_NOT_FOUND, "There is no such ticket.")


def unavailable(what: str) -> Response:
    """A store is out of reach."""
    wait = outage_retry(STORE_RETRY_SECONDS, jitter=random())  # noqa: S311 - nothing secret hangs on it
    return refuse(503, Code.UNAVAILABLE, f"{what} Try again.", retry_seconds=wait)


def accepted(
    *,
    ticket_id: str,
    event_id: int,
    status: Status,
    position: int | None,
    requested_ms: int,
    rate: float,
    jitter: float,
) -> Response:
    """The 202 with the ticket."""
    seconds = estimated_seconds(position=position, rate=rate) if position else 0.0
    wait = retry_after(seconds, jitter=jitter)
    url = f"/registrations/{ticket_id}"
    ticket = AcceptedTicket(ticket_id, event_id, status, position, url, iso(requested_ms))
    body = _ACCEPTED + _encode(ticket) + b"}"
    return Response(202, body, ((b"location", url.encode()), (b"retry-after", b"%d" % wait)))


def start_message(answer: Response) -> Message:
    """The ASGI message that opens the answer. Content-Length is given, or the server would send it in chunks."""
    length = (b"content-length", b"%d" % len(answer.body))
    kept = _PUBLIC if answer.public else _NOT_KEPT
    headers = [kept, *answer.headers] if answer.status in (204, 304) else [_JSON, length, kept, *answer.headers]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
