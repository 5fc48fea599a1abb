"""Limits: the longest that is taken, and one more; and what an address or an event takes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.differential.observation import Case
from tests.support.differential.pair import ADDRESS_QUOTA, QUEUE_LIMIT, REFUSAL_QUOTA
from tests.support.differential.requests import Requests, numbered
from tests.support.differential.steps import Write

# As gunicorn_conf and the door have them.
LINE, FIELD, FIELDS, BODY = 8190, 8190, 64, 16 * 1024


def _line(to: Requests, length: int) -> bytes:
    """A request line of this length."""
    start, end = f"POST {to.path}?", " HTTP/1.1"
    return to.register(line=start + "x" * (length - len(start) - len(end)) + end)


def _poll_line(to: Requests, length: int) -> bytes:
    return to.poll(line="GET /registrations/" + "1" * (length - 28) + " HTTP/1.1")


def _field(to: Requests, length: int) -> bytes:
    """With a field of this length, line end included."""
    return to.register("X-A: " + "a" * (length - 7))


def _body(to: Requests, length: int) -> bytes:
    return to.register(body=to.body().ljust(length))


def _fields(to: Requests, count: int) -> bytes:
    """With so many fields; three are its own."""
    return to.register(*numbered(count - 3))


def _from(to: Requests, *addresses: str) -> Sequence[bytes]:
    return [to.register(f"X-Forwarded-For: {address}") for address in addresses]


def _one_mailbox(to: Requests, count: int) -> Sequence[bytes]:
    return [to.register(body=b'{"name": "A", "email": "a@example.com"}')] * count


CASES: dict[str, Case] = {
    "the longest line": lambda to: _line(to, LINE),
    "a line too long": lambda to: _line(to, LINE + 1),
    "the longest line of a poll": lambda to: _poll_line(to, LINE),
    "a poll's line too long": lambda to: _poll_line(to, LINE + 1),
    "the largest field": lambda to: _field(to, FIELD),
    "a field too large": lambda to: _field(to, FIELD + 1),
    "a field of 8000": lambda to: _field(to, 8000),
    "a name of 8000": lambda to: to.register("X-" + "a" * 8000 + ": 1"),
    "eight fields of 8000": lambda to: to.register(*["X-A: " + "a" * 8000] * 8),
    "the most fields": lambda to: _fields(to, FIELDS),
    "a field too many": lambda to: _fields(to, FIELDS + 1),
    "the most fields of a poll": lambda to: to.poll("", *numbered(FIELDS - 1)),
    "a field too many of a poll": lambda to: to.poll("", *numbered(FIELDS)),
    "the largest body": lambda to: _body(to, BODY),
    "a body too large": lambda to: _body(to, BODY + 1),
    "a body of 8000": lambda to: _body(to, 8000),
    "a body of 8190": lambda to: _body(to, 8190),
    "a body of 100000": lambda to: _body(to, 100_000),
    "a body too large, announced alone": lambda to: [Write(_body(to, 100_000)[:200])],
    "the largest body in chunks": lambda to: to.chunked(body=to.body().ljust(BODY)),
    "a body too large in chunks": lambda to: to.chunked(body=to.body().ljust(BODY + 1)),
    "a head without an end": lambda to: b"POST " + to.path.encode() + b" HTTP/1.1\r\n" + b"X-A: 1\r\n" * 2000,
    "a line without an end": lambda to: b"POST /events/" + b"1" * 20_000,
    "an address that comes too often": lambda to: [to.register() for _ in range(ADDRESS_QUOTA + 2)],
    "an address that comes too often, at once": lambda to: Write(
        b"".join(to.register() for _ in range(ADDRESS_QUOTA + 2)), answers=ADDRESS_QUOTA + 2
    ),
    "an address that asks who is registered": lambda to: _one_mailbox(to, REFUSAL_QUOTA + 3),
    "a full queue": lambda to: _from(to, *(f"198.51.100.{n}" for n in range(QUEUE_LIMIT + 2))),
    "addresses behind the proxy": lambda to: _from(
        to,
        *("198.51.100.1", "6.6.6.6, 198.51.100.1", "198.51.100.1,6.6.6.6", "198.51.100.1:80", "[2001:db8::1]:80"),
        *("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "::ffff:198.51.100.1", "nothing", "", ",", "198.51.100.1,"),
        *(" 198.51.100.1 ", "fe80::1%eth0", "256.1.1.1", "198.51.100.001", "1" * 4000),
    ),
    "addresses in two fields": lambda to: [
        to.register("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 198.51.100.1"),
        to.register("X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 6.6.6.6"),
        to.register("X-Forwarded-For: 6.6.6.6", "X-A: 1", "X-Forwarded-For:"),
    ],
}
