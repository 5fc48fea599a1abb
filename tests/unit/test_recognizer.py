"""The recognizer: it takes plain requests, waits for their rest, and leaves everything else to gunicorn."""

from __future__ import annotations

import pytest

from omnify import recognizer
from omnify.recognizer import INCOMPLETE, MAX_BYTES, MAX_FIELDS, PlainPoll, PlainRegistration, PlainRequest, recognize

BODY = b'{"name":"Guest 1","email":"guest1@example.org"}'
JSON = b"Content-Type: application/json\r\n"
HOST = b"Host: example.org\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
LINE = b"POST /events/7/register HTTP/1.1\r\n"
PLAIN = LINE + HOST + JSON + LENGTH + b"\r\n" + BODY
POLL = b"GET /registrations/7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE HTTP/1.1\r\n" + HOST + b"\r\n"


def with_header(line: bytes) -> bytes:
    return PLAIN.replace(HOST, HOST + line)


def test_a_plain_registration_is_taken() -> None:
    length = b"%d" % len(BODY)
    headers = {b"host": b"example.org", b"content-type": b"application/json", b"content-length": length}
    assert recognize(PLAIN) == PlainRegistration(headers, 7, BODY)


def test_a_plain_poll_is_taken_with_what_its_client_knows() -> None:
    asked = POLL.replace(HOST, HOST + b'if-none-match: \t "q-1"\r\n')
    headers = {b"host": b"example.org", b"if-none-match": b'"q-1"'}
    assert recognize(asked) == PlainPoll(headers, "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE")


@pytest.mark.parametrize("request_", [PLAIN, POLL])
def test_every_beginning_of_a_plain_request_is_incomplete(request_: bytes) -> None:
    for size in range(1, len(request_)):
        assert recognize(request_[:size]) is INCOMPLETE, request_[:size]
    assert isinstance(recognize(request_), PlainRequest)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + PLAIN,
        PLAIN + b"G",
        POLL + b"\r\n",
        PLAIN + b"\n",
        b"\r\n" + PLAIN,
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"/register", b"/register?a=1"),
        PLAIN.replace(b"/register", b"/cancel"),
        PLAIN.replace(b"/7/", b"/%37/"),
        PLAIN.replace(b"/7/", b"/1234567890123456789/"),
        PLAIN.replace(b"POST ", b"PUT "),
        POLL.replace(b" HTTP", b"/events HTTP"),
        POLL.replace(b" HTTP", b"?wait=9 HTTP"),
        POLL.replace(b"GET ", b"HEAD "),
        PLAIN.replace(HOST, b""),
        with_header(HOST),
        with_header(JSON),
        with_header(LENGTH),
        with_header(b"Authorization: Bearer a\r\n"),
        with_header(b"Expect: 100-continue\r\n"),
        with_header(b"Upgrade: h2c\r\n"),
        with_header(b"Transfer-Encoding: chunked\r\n"),
        with_header(b"Connection: close\r\n"),
        with_header(b"Connection: keep-alive, te\r\n"),
        PLAIN.replace(LENGTH, b"Content-Length: +47\r\n"),
        PLAIN.replace(LENGTH, b"Content-Length: 47, 47\r\n"),
        PLAIN.replace(LENGTH, b"Content-Length: %b\r\n" % (b"9" * 5000)),
        with_header(b"X-A: 1\n"),
        with_header(b"X-A:\r\n"),
        with_header(b": 1\r\n"),
        with_header(b"X(A): 1\r\n"),
        with_header(b"X-A: 1\r2\r\n"),
        # The beginnings of such.
        LINE + HOST + HOST,
        LINE + b"X-A : 1\r\nX-B",
        LINE + HOST + b"X-A: 1\nX-B",
        with_header(b"X-A : 1\r\n"),
        with_header(b"X-A: 1 \r\n"),
        with_header(b"X-A: 1\t\r\n"),
        with_header(b"X-A: 1\r\nx-a: 2\r\n"),
        PLAIN.replace(b"/7/", b"/07/"),
        with_header(b"X-A: 1\r\n 2\r\n"),
        with_header(b"X-A: 1\x002\r\n"),
        with_header(b"".join(b"X-%d: 1\r\n" % n for n in range(MAX_FIELDS))),
        with_header(b"X-A: %b\r\n" % (b"a" * MAX_BYTES)),
        POLL.replace(HOST, HOST + b"Content-Length: 2\r\n") + b"{}",
        # gunicorn answers these before their bodies have come.
        POLL.replace(HOST, HOST + b"Content-Length: 2\r\n"),
        PLAIN.replace(LENGTH, b"Content-Length: 9000\r\n"),
        b"GET /events/7 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_anything_else_is_left_to_gunicorn(data: bytes) -> None:
    assert recognize(data) is None
    assert isinstance(recognize(PLAIN), PlainRequest), "what came before must leave nothing behind"


def test_keep_alive_may_be_said() -> None:
    assert isinstance(recognize(with_header(b"connection: Keep-Alive\r\n")), PlainRequest)


def test_a_crowd_of_different_lines_takes_no_more_memory() -> None:
    for number in range(2 * recognizer.MAX_KNOWN_LINES):
        found = recognize(with_header(b"X-Trial: %d\r\n" % number))
        assert isinstance(found, PlainRequest)
        assert found.headers[b"x-trial"] == b"%d" % number
        assert len(recognizer._fields) <= recognizer.MAX_KNOWN_LINES


def test_lines_that_differ_from_request_to_request_are_read_but_not_remembered() -> None:
    recognizer._fields.clear()
    for number in range(3):
        headers = b"Host: a\r\nIdempotency-Key: order-%d\r\nX-Forwarded-For: 192.0.2.%d\r\n" % (number, number)
        found = recognize(b"GET /registrations/7-x HTTP/1.1\r\n%b\r\n" % headers)
        assert isinstance(found, PlainPoll)
        assert found.headers[b"idempotency-key"] == b"order-%d" % number
        assert found.headers[b"x-forwarded-for"] == b"192.0.2.%d" % number
    assert list(recognizer._fields) == [b"Host: a"]
