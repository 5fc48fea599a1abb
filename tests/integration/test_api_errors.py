"""Every answer has one of two shapes, whatever goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client

from events.api.parsers import EVENT_BODY_BYTES
from omnify.django_app import MAX_BODY_BYTES, django_app
from tests.support.in_process.api import ANYONE, create, organizer
from tests.support.in_process.outages import database_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)


def assert_failure(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status, body
    assert answer["Content-Type"] == "application/json"
    assert list(body) == ["success", "code", "message", "errors"]
    assert (body["success"], body["code"]) == (False, code)
    assert body["message"]
    return body


@pytest.mark.parametrize("path", ["/", "/nope", "/events/1/nope", "/%ff", "/%00", "/events/1/stats/", "/adminx"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_404(path: str, method: str) -> None:
    assert_failure(ANYONE.send(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/events", "GET, POST, HEAD"),
        ("OPTIONS", "/events", "GET, POST, HEAD"),
        ("TRACE", "/events", "GET, POST, HEAD"),
        ("PUT", "/events/1", "GET, PATCH, DELETE, HEAD"),
        ("GET", "/events/1/register", "POST"),
        ("PUT", "/events/1/attendees", "GET, POST, HEAD"),
        ("POST", "/registrations/x", "GET, DELETE, HEAD"),
        ("POST", "/health/ready", "GET, HEAD"),
        ("POST", "/schema", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_answered_is_405_and_says_which_are(method: str, path: str, allow: str) -> None:
    answer = ANYONE.send(method, path)
    assert_failure(answer, 405, "method_not_allowed")
    assert answer["Allow"] == allow


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[]", b"null", b"1e999", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 9000, b"9" * 5000],
)
def test_a_body_that_is_no_json_object_is_invalid(body: bytes) -> None:
    assert_failure(organizer().post("/events", body), 400, "invalid")


def test_a_body_that_is_too_large_is_413() -> None:
    caller = organizer()
    for path, limit in (("/webhooks", 16 * 1024), ("/events", EVENT_BODY_BYTES)):
        assert_failure(caller.post(path, b'"' + b"x" * limit + b'"'), 413, "payload_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_a_body_that_is_not_json_is_415(kind: str) -> None:
    token = organizer().token
    answer = Client().generic("POST", "/events", b"{}", kind, headers={"authorization": f"Bearer {token}"})
    assert_failure(answer, 415, "unsupported_media_type")


def test_an_error_is_json_whatever_accept_says() -> None:
    for accept in ("text/html", "text/csv", "image/png", "nonsense"):
        assert_failure(ANYONE.get("/events/1/stats", accept=accept), 401, "unauthenticated")


@pytest.mark.parametrize("header", ["Bearer nope", "Bearer", "bearer \xff", "Bearer a b", "Bearer " + "x" * 5000])
def test_a_bad_token_is_401_on_every_route(header: str) -> None:
    for path in ("/events", "/events/1/stats"):
        answer = ANYONE.get(path, authorization=header)
        assert_failure(answer, 401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_another_authorization_scheme_is_not_authenticated() -> None:
    assert ANYONE.get("/events", authorization="Basic abc").status_code == 200
    assert_failure(ANYONE.get("/events/1/stats", authorization="Basic abc"), 401, "unauthenticated")


def test_a_host_that_is_not_ours_is_invalid() -> None:
    assert_failure(ANYONE.get("/events", host="evil.example"), 400, "invalid")


def test_the_doors_routes_say_who_answers_them_when_django_is_asked() -> None:
    for method, path in (("POST", "/events/1/register"), ("GET", "/registrations/x")):
        answer = ANYONE.send(method, path)
        assert "make run" in assert_failure(answer, 503, "unavailable")["message"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a file is always in reach")
def test_without_the_database_everything_is_unavailable_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caller = organizer()
    event_id = create(caller)
    with database_out_of_reach():
        answers = [
            ANYONE.get("/events"),
            caller.get(f"/events/{event_id}/stats"),
            caller.patch(f"/events/{event_id}", {"name": "New"}),
            Client(raise_request_exception=False, headers={"cookie": "sessionid=" + "a" * 32}).get("/admin/"),
        ]
    for answer in answers:
        assert_failure(answer, 503, "unavailable")
        assert int(answer["Retry-After"]) > 0
    lines = [record.fields for record in caplog.records if record.message == "a store is out of reach"]
    assert {(line["problem"], line["cause"]) for line in lines} == {("OperationalError", "OperationalError")}


def test_a_fault_of_ours_is_500_in_the_same_shape(caplog: pytest.LogCaptureFixture) -> None:
    caller = organizer()
    event_id = create(caller)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event RENAME COLUMN location TO place")
    try:
        answer = caller.patch(f"/events/{event_id}", {"name": "New"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE events_event RENAME COLUMN place TO location")
    status, code = (503, "unavailable") if connection.vendor == "sqlite" else (500, "internal_error")
    assert_failure(answer, status, code)


def test_humans_in_the_admin_get_pages() -> None:
    answer = Client().get("/admin/login/")
    assert answer["Content-Type"].startswith("text/html")
    assert Client().get("/admin").headers["Location"] == "/admin/"


def test_django_reads_no_body_without_end() -> None:
    """The chunks go on without end; the answer comes after the limit."""
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 65536
        return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

    start, body = ask_asgi("POST", b"", receive)
    assert (start["status"], b"payload_too_large" in body) == (413, True)
    assert dict(start["headers"])[b"Connection"] == b"close"
    assert read <= MAX_BODY_BYTES + 2 * 65536


def test_a_query_that_is_not_utf8_is_invalid() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    start, body = ask_asgi("GET", b"page=\xff", receive)
    assert (start["status"], b'"code":"invalid"' in body) == (400, True)


def ask_asgi(method: str, query: bytes, receive: Any) -> tuple[dict[str, Any], bytes]:
    """One request straight to the ASGI application; the first message and the body of the answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/events", "query_string": query, "headers": []}
    async_to_sync(django_app())(scope, receive, send)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])
