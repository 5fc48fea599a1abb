"""HTTP responses of the hot routes, with bodies in the two shapes of `omnify.common.envelope`."""

from __future__ import annotations

from collections.abc import Sequence
from random import random
from typing import Any

import msgspec

from events.domain.public.ticket import AcceptedTicket
from events.domain.rate_limit import Quota, RateLimit
from events.domain.states import Status
from events.domain.times import iso
from events.domain.waiting import expected_seconds, outage_retry, retry_after
from omnify.common.asgi_types import Header, Message
from omnify.common.envelope import HELP_LINKS, Code, failure, success

_encode = msgspec.json.Encoder().encode
_JSON: Header = (b"content-type", b"application/json")
_HELP: dict[Code, Header] = {code: (b"link", text.encode()) for code, text in HELP_LINKS.items()}
# By whether browsers and proxies may store the response.
_CACHING: dict[bool, Header] = {False: (b"cache-control", b"no-store"), True: (b"cache-control", b"no-cache")}
# The envelope of `success` as bytes: encoding it each time would cost as much as encoding the ticket.
_ACCEPTED = b'{"success":true,"message":"Registration received.","data":'
STORE_RETRY_SECONDS = 2
_TICKETS = "/registrations/"
_WITHOUT_BODY = (204, 304)
_LINE = b"%b: %b\r\n"
_CACHING_LINES = {public: _LINE % header for public, header in _CACHING.items()}
_JSON_LINES = {public: _LINE % _JSON + line for public, line in _CACHING_LINES.items()}


class Response(msgspec.Struct, frozen=True, gc=False):
    """An HTTP response, ready to send."""

    status: int
    body: bytes
    headers: Sequence[Header] = ()
    # Whether browsers and proxies may store it. Default deny: nearly all responses are about one person's ticket.
    public: bool = False

    def header(self, name: bytes) -> bytes:
        """Returns the header's value; empty without one."""
        return next((value for known, value in self.headers if known == name), b"")


def ok(
    data: Any, *, message: str = "OK", status: int = 200, headers: Sequence[Header] = (), public: bool = False
) -> Response:
    """Builds a successful response with `data`."""
    return Response(status, _encode(success(data, message)), headers, public)


def refuse(
    status: int,
    code: Code,
    message: str,
    *,
    errors: dict[str, list[str]] | None = None,
    retry_seconds: int | None = None,
) -> Response:
    """Builds an error response."""
    headers = (_HELP[code],) if retry_seconds is None else (_HELP[code], (b"retry-after", b"%d" % retry_seconds))
    return Response(status, _encode(failure(code, message, errors)), headers)


def unauthenticated(message: str) -> Response:
    """Builds the 401 for an invalid token, the same response as the API's."""
    response = refuse(401, Code.UNAUTHENTICATED, message)
    return Response(response.status, response.body, (*response.headers, (b"www-authenticate", b"Bearer")))


def with_quota(response: Response, limit: RateLimit, quota: Quota) -> Response:
    """Adds RateLimit headers to `response`: what the client's address has left of this limit."""
    field = quota.field(limit.name)
    headers = (*response.headers, (b"ratelimit-policy", limit.policy.encode()), (b"ratelimit", field.encode()))
    return Response(response.status, response.body, headers)


def ticket_of(response: Response) -> bytes:
    """Returns the ticket id that a 202 of `accepted` is about."""
    return response.headers[0][1][len(_TICKETS) :]


def with_receipt(response: Response, receipt: bytes) -> Response:
    """Adds a receipt, as JSON, to the data of a 202, and says that it was asked for (RFC 7240, section 3)."""
    body = b'%b,"receipt":%b}}' % (response.body[:-2], receipt)
    return Response(response.status, body, (*response.headers, (b"preference-applied", b"receipt")))


def closing(response: Response) -> Response:
    """Adds `Connection: close` to `response`: the unread rest of a body must not be taken for the next request."""
    return Response(response.status, response.body, (*response.headers, (b"connection", b"close")))


def event_not_found() -> Response:
    """Builds the response for an event id that does not exist."""
    return refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")


def ticket_not_found() -> Response:
    """Builds the response for a ticket id that was never given out."""
    return refuse(404, Code.TICKET_NOT_FOUND, "There is no such ticket.")


def unavailable(what: str) -> Response:
    """Builds the 503 for an unavailable store; `what` is a sentence about it."""
    wait = outage_retry(STORE_RETRY_SECONDS, jitter=random())  # noqa: S311 - not security-sensitive
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
    """Builds the 202 of a registration."""
    seconds = expected_seconds(position=position, rate=rate) if position else 0.0
    wait = retry_after(seconds, jitter=jitter)
    url = _TICKETS + ticket_id
    ticket = AcceptedTicket(ticket_id, event_id, status, position, url, iso(requested_ms))
    body = _ACCEPTED + _encode(ticket) + b"}"
    return Response(202, body, ((b"location", url.encode()), (b"retry-after", b"%d" % wait)))


def start_message(response: Response) -> Message:
    """Builds the ASGI message that starts the response."""
    return {"type": "http.response.start", "status": response.status, "headers": all_headers(response)}


def all_headers(response: Response) -> list[Header]:
    """Returns all headers that are sent. Without Content-Length the server would send the body in chunks."""
    caching = _CACHING[response.public]
    if response.status in _WITHOUT_BODY:
        return [caching, *response.headers]
    return [_JSON, caching, (b"content-length", b"%d" % len(response.body)), *response.headers]


def header_lines(response: Response) -> bytes:
    """Returns the same headers as they stand in an HTTP/1.1 response."""
    if response.status in _WITHOUT_BODY:
        lines = _CACHING_LINES[response.public]
    else:
        lines = b"%bcontent-length: %d\r\n" % (_JSON_LINES[response.public], len(response.body))
    for header in response.headers:
        lines += _LINE % header
    return lines
