"""Bodies and headers sent by mistake or in bad faith: the right code, one shape, nothing queued, no one else harmed."""

from __future__ import annotations

import contextlib
import socket

import pytest

from tests.support.service.event import Event
from tests.support.service.http_client import Answer, answer_on, body, request_bytes, reset

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("nothing_is_queued")]

LIMIT = 16 * 1024


@pytest.mark.parametrize(
    "sent",
    [
        *(b"", b" ", b"{", b"nul", b"NaN", b"[]", b"null", b"42", b'"text"', b"\x00", b"\xff\xfe{}", b"{}{}"),
        b'{"name": "Guest 17", "email": "guest17@example.com",}',
        b"{'name': 'Guest 17', 'email': 'guest17@example.com'}",
        b"\xef\xbb\xbf" + body(),
        body().decode().encode("utf-16"),
        b'{"name": "Guest \xed\xa0\x80", "email": "guest17@example.com"}',
        b"[" * 8000 + b"]" * 8000,
        b'{"name": ' + b"[" * 8000 + b"]" * 8000 + b"}",
        b"name=Guest+17&email=guest17%40example.com",
    ],
    ids=lambda sent: repr(sent[:24]),
)
def test_a_body_that_is_no_json_object_is_invalid(event: Event, sent: bytes) -> None:
    answer = event.send(sent)
    assert answer.refusal == (400, "invalid")
    assert answer.json["errors"] is None


@pytest.mark.parametrize(
    "name",
    [
        42,
        1.5,
        True,
        ["Guest"],
        {"first": "Guest"},
        "",
        "   ",
        "x" * 256,
        "x" * 300,
        "\x00",
        "a\x00b",
        "a\nb",
        "\ud800x",
    ],
    ids=lambda name: repr(name)[:12],
)
def test_a_bad_name_is_named(event: Event, name: object) -> None:
    assert errors_of(event.send(body(name=name))) == ["name"]


@pytest.mark.parametrize(
    "email",
    [
        *(
            42,
            False,
            ["guest17@example.com"],
            {},
            "",
            " ",
            "guest17",
            "a@b",
            "@example.com",
            "guest17@",
            "a@@example.com",
        ),
        *(
            "a b@example.com",
            "a@example..com",
            "a@-example.com",
            "a@example.com\x00",
            "a\x00@example.com",
            "a@exa\ud800.com",
        ),
        *(
            "a@192.168.0.1",
            "a@[127.0.0.1]",
            ".a@example.com",
            "Guest 17 <a@example.com>",
            "a@example.com\r\nBcc: b@c.de",
        ),
        *("a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "a@" + "bcdefgh." * 32 + "com"),
    ],
    ids=lambda email: repr(email)[:24],
)
def test_a_bad_email_is_named(event: Event, email: object) -> None:
    assert errors_of(event.send(body(email=email))) == ["email"]


def test_every_field_at_fault_is_named(event: Event) -> None:
    assert errors_of(event.send(b"{}")) == ["name", "email"]
    assert errors_of(event.send(b'{"name": null, "email": null}')) == ["name", "email"]
    assert errors_of(event.send(body(name="", email="a@b"))) == ["name", "email"]
    assert errors_of(event.send(b'{"name":' * 500 + b"1" + b"}" * 500)) == ["name", "email"]
    assert errors_of(event.send(body(name=None))) == ["name"]
    assert errors_of(event.send(body(email=None))) == ["email"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "gr\u00fc\u00df"], ids=["empty", "long", "tab", "latin"])
def test_a_bad_idempotency_key_is_named(event: Event, key: str) -> None:
    raw = request_bytes(f"{event.path}/register", body(), f"Idempotency-Key: {key}")
    assert errors_of(answer_on(event.service.address.raw(raw))) == ["Idempotency-Key"]


def test_two_idempotency_keys_are_one_too_many(event: Event) -> None:
    raw = request_bytes(f"{event.path}/register", body(), "Idempotency-Key: a", "Idempotency-Key: b")
    assert errors_of(answer_on(event.service.address.raw(raw))) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "content_type",
    [
        *(None, "", "text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        *("application/json; charset=latin-1", "application/jsonp", "application/json, text/plain", "json"),
    ],
)
def test_a_body_that_does_not_say_json_is_unsupported(event: Event, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert event.send(body(), headers).refusal == (415, "unsupported_media_type")


def test_a_body_over_the_limit_is_too_large(event: Event) -> None:
    assert event.send(body(name="x" * 17 * 1024)).refusal == (413, "payload_too_large")
    assert event.send(body() + b" " * LIMIT).refusal == (413, "payload_too_large")
    assert event.send(b"[" * 17 * 1024).refusal == (413, "payload_too_large")


def test_a_body_that_does_not_say_its_length_is_cut_off_at_the_limit(event: Event) -> None:
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    connection = event.service.address.raw(chunked_head(event) + chunk * 17)
    assert answer_on(connection).refusal == (413, "payload_too_large")


@pytest.mark.parametrize("path", ["{path}/register", "/e/{id}"], ids=["door", "page"])
def test_no_request_is_answered_behind_an_answer_that_says_close(event: Event, path: str) -> None:
    """Also where the whole body has come, and the server could go on."""
    large = request_bytes(path.format(path=event.path, id=event.id), b" " * (LIMIT + 1))
    with event.service.address.raw(large + request_bytes("/health/live", b"", method="GET")) as connection:
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in received.lower()
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_chunked_body_without_an_end_registers_no_one(event: Event) -> None:
    whole = body()
    unfinished = chunked_head(event) + b"%x\r\n%b\r\n" % (len(whole), whole)
    patient, gone, rude = (event.service.address.raw(unfinished) for _ in range(3))
    half = event.service.address.raw(unfinished)
    half.shutdown(socket.SHUT_WR)
    gone.close()
    reset(rude)
    # The door waits for the rest and serves all others meanwhile.
    assert event.service.address.ask("GET", event.path).status == 200
    assert event.service.address.ask("GET", event.path).status == 200
    patient.close()
    half.close()


def test_a_body_shorter_than_announced_registers_no_one(event: Event) -> None:
    raw = request_bytes(f"{event.path}/register", body())
    for cut in (1, 20, len(body())):
        with event.service.address.raw(raw[:-cut]) as connection:
            connection.shutdown(socket.SHUT_WR)
    assert event.service.address.ask("GET", event.path).status == 200


@pytest.mark.parametrize(
    "framing",
    ["Content-Length: abc", "Content-Length: -5", "Content-Length: 2\r\nTransfer-Encoding: chunked", "no colon"],
)
def test_a_body_whose_end_cannot_be_told_is_refused_by_the_server_itself(event: Event, framing: str) -> None:
    head = chunked_head(event).replace(b"Transfer-Encoding: chunked", framing.encode())
    assert answer_on(event.service.address.raw(head + body())).status == 400


def errors_of(answer: Answer) -> list[str]:
    """The fields that an `invalid` names."""
    assert answer.refusal == (400, "invalid")
    errors = answer.json["errors"]
    assert all(sentences and all(isinstance(one, str) for one in sentences) for sentences in errors.values())
    return list(errors)


def chunked_head(event: Event) -> bytes:
    """The head of a registration whose length is not announced."""
    lines = [f"POST {event.path}/register HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode()
