"""Answers as bytes: the two shapes of `omnify.responses`, rendered for the hot routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from events.domain.outcome import Outcome
from events.domain.rate_limit import Quota
from events.domain.states import TERMINAL
from events.domain.waiting import estimated_seconds, retry_after
from omnify.responses import Code, failure, success

Header = tuple[bytes, bytes]

_encode = msgspec.json.Encoder().encode
_JSON: Header = (b"content-type", b"application/json")
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
STORE_RETRY_SECONDS = 2


@dataclass(slots=True)
class Answer:
    """An HTTP answer, ready to send."""

    status: int
    body: bytes
    headers: Sequence[Header] = ()


@lru_cache(maxsize=8192)
def iso(ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def ok(data: Any, *, message: str = "OK", status: int = 200, headers: Sequence[Header] = ()) -> Answer:
    """An answer that worked."""
    return Answer(status, _encode(success(data, message)), headers)


def refuse(
    status: int,
    code: Code,
    message: str,
    *,
    errors: dict[str, list[str]] | None = None,
    retry_seconds: int | None = None,
) -> Answer:
    """An answer that did not work."""
    headers = [] if retry_seconds is None else [(b"retry-after", b"%d" % retry_seconds)]
    return Answer(status, _encode(failure(code, message, errors)), headers)


def unauthenticated(message: str) -> Answer:
    """A token that does not count. The same answer as the API's."""
    answer = refuse(401, Code.UNAUTHENTICATED, message)
    return Answer(answer.status, answer.body, ((b"www-authenticate", b"Bearer"),))


def with_quota(answer: Answer, policy: bytes, quota: Quota) -> Answer:
    """`answer`, and what the client's address has left."""
    headers = (*answer.headers, (b"ratelimit-policy", policy), (b"ratelimit", quota.field.encode()))
    return Answer(answer.status, answer.body, headers)


def closing(answer: Answer) -> Answer:
    """`answer`, and then the end of the connection: what is left of a body must not be read as a request."""
    return Answer(answer.status, answer.body, (*answer.headers, (b"connection", b"close")))


def unavailable(what: str) -> Answer:
    """A store is out of reach."""
    return refuse(503, Code.UNAVAILABLE, f"{what} Try again.", retry_seconds=STORE_RETRY_SECONDS)


def accepted(
    *, ticket_id: str, event_id: int, status: str, position: int | None, requested_ms: int, rate: float
) -> Answer:
    """The 202. Written out by hand: every value is a number or made of safe characters."""
    place = "null" if position is None else str(position)
    wait = retry_after(estimated_seconds(position=position, rate=rate)) if position else 1
    url = f"/registrations/{ticket_id}"
    body = (
        f'{{"success":true,"message":"Registration received.","data":{{"ticket_id":"{ticket_id}","event_id":{event_id},'
        f'"status":"{status}","position":{place},"status_url":"{url}","requested_at":"{iso(requested_ms)}"}}}}'
    )
    return Answer(202, body.encode(), ((b"location", url.encode()), (b"retry-after", b"%d" % wait)))


def queued(*, ticket_id: str, event_id: int, sequence: int, position: int, requested_ms: int, rate: float) -> Answer:
    """A ticket in line. The tag changes with the place, so a 304 never hides progress."""
    seconds = estimated_seconds(position=position, rate=rate)
    body = (
        f'{{"success":true,"message":"In line.","data":{{"ticket_id":"{ticket_id}","event_id":{event_id},'
        f'"status":"queued","reason":null,"position":{position},"sequence":{sequence},'
        f'"requested_at":"{iso(requested_ms)}","decided_at":null,"estimated_seconds":{seconds}}}}}'
    )
    return _tagged(body.encode(), ((b"retry-after", b"%d" % retry_after(seconds)),))


def decided(*, ticket_id: str, event_id: int, outcome: Outcome) -> Answer:
    """A ticket that has its decision."""
    reason = f'"{outcome.reason.value}"' if outcome.reason else "null"
    body = (
        f'{{"success":true,"message":"Decided.","data":{{"ticket_id":"{ticket_id}","event_id":{event_id},'
        f'"status":"{outcome.status.value}","reason":{reason},"position":null,"sequence":{outcome.sequence},'
        f'"requested_at":"{iso(outcome.requested_ms)}","decided_at":"{iso(outcome.decided_ms)}"}}}}'
    )
    return _tagged(body.encode(), () if outcome.status in TERMINAL else ((b"retry-after", b"5"),))


def lost(*, ticket_id: str, event_id: int, sequence: int | None, requested_ms: int | None) -> Answer:
    """A genuine ticket that the queue has lost."""
    data = {
        "ticket_id": ticket_id,
        "event_id": event_id,
        "status": "lost",
        "reason": None,
        "position": None,
        "sequence": sequence,
        "requested_at": iso(requested_ms) if requested_ms else None,
        "decided_at": None,
    }
    return _tagged(_encode(success(data, "The queue lost this registration before it was decided: register again.")))


def _tagged(body: bytes, headers: Sequence[Header] = ()) -> Answer:
    tag = blake2b(body, digest_size=8).hexdigest()
    return Answer(200, body, (*headers, (b"etag", f'"{tag}"'.encode()), _PRIVATE))


def not_modified(answer: Answer, if_none_match: bytes) -> Answer:
    """`answer`, or a 304 if the client has it already (RFC 9110, 13.1.2: weak comparison)."""
    tag = next(value for name, value in answer.headers if name == b"etag")
    wanted = [part.strip().removeprefix(b"W/") for part in if_none_match.split(b",")]
    if tag not in wanted and b"*" not in wanted:
        return answer
    return Answer(304, b"", answer.headers)


def start_message(answer: Answer) -> dict[str, Any]:
    """The ASGI message that opens the answer. Content-Length is given, or the server would send it in chunks."""
    length = (b"content-length", b"%d" % len(answer.body))
    headers = [*answer.headers] if answer.status == 304 else [_JSON, length, *answer.headers]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
