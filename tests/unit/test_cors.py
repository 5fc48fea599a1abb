"""Which routes pages of other origins may use, and what the answers say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.domain.scopes import ANYONE
from omnify.cors import Origins, methods_of, with_cors
from tests.support.routes import methods, routes

SHOP, OTHER = "https://shop.example", "https://other.example"
# What anyone may do that is no guest's business with an event: operations, documents, and a page that mails link to.
NOT_OF_GUESTS = ("/health/", "/metrics", "/schema", "/docs", "/.well-known/", "/mail/", "/console", "/admin")
ASKS = ((b"origin", SHOP.encode()), (b"access-control-request-method", b"POST"))


def answered(
    allowed: tuple[str, ...], method: str, path: str, *headers: tuple[bytes, bytes], own: Any = ()
) -> tuple[int, list[tuple[bytes, bytes]]]:
    """What comes of a request; 418 is the application's."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": own})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(with_cors(app, Origins(allowed))(scope, receive, send))
    return sent[0]["status"], list(sent[0]["headers"])


def of(name: str) -> tuple[bytes, bytes]:
    return (b"origin", name.encode())


def test_the_routes_for_pages_elsewhere_are_those_that_need_no_token() -> None:
    wrong = []
    for path, _, view in routes():
        for method in methods(view):
            scope = getattr(view, "scopes", {}).get(method)
            wanted = scope == ANYONE and not path.startswith(NOT_OF_GUESTS)
            if wanted != (method in methods_of(path)):
                wrong.append((method, path))
    assert wrong == []


def test_without_origins_nothing_is_wrapped() -> None:
    async def app(*args: Any) -> None:
        """An application."""

    assert with_cors(app, None) is app


def test_an_answer_names_the_origin_that_asked_and_caches_are_told_that_it_does() -> None:
    status, headers = answered((SHOP, OTHER), "GET", "/events/1", of(OTHER), own=[(b"vary", b"accept")])
    assert status == 418
    assert headers[0] == (b"vary", b"accept")
    assert dict(headers[1:])[b"access-control-allow-origin"] == OTHER.encode()
    assert b"Retry-After" in dict(headers)[b"access-control-expose-headers"]
    assert headers[-1] == (b"vary", b"origin")
    assert b"access-control-allow-credentials" not in dict(headers)


@pytest.mark.parametrize("origins", [(), (of("https://shop.example.evil"),), (of("null"),), (of(SHOP), of(OTHER))])
def test_whom_the_list_does_not_name_is_told_nothing_but_that_it_depends(origins: Any) -> None:
    assert answered((SHOP,), "GET", "/registrations/1-x", *origins) == (418, [(b"vary", b"origin")])
    preflight = (*origins, (b"access-control-request-method", b"GET"))
    expected = (204 if origins else 418), [(b"vary", b"origin")] if origins else []
    assert answered((SHOP,), "OPTIONS", "/registrations/1-x", *preflight) == expected


def test_for_any_origin_all_answers_are_the_same() -> None:
    with_origin = answered(("*",), "POST", "/events/1/register", of(OTHER))
    assert with_origin == answered(("*",), "POST", "/events/1/register")
    assert dict(with_origin[1])[b"access-control-allow-origin"] == b"*"
    assert b"vary" not in dict(with_origin[1])


def test_a_preflight_is_answered_without_the_application() -> None:
    status, headers = answered((SHOP,), "OPTIONS", "/registrations/1-x", *ASKS)
    told = dict(headers)
    assert status == 204
    assert told[b"access-control-allow-origin"] == SHOP.encode()
    assert told[b"access-control-allow-methods"] == b"GET, HEAD, DELETE"
    assert told[b"access-control-max-age"] == b"86400"
    for name in (b"Content-Type", b"Idempotency-Key", b"If-None-Match"):
        assert name in told[b"access-control-allow-headers"]
    assert b"uthorization" not in told[b"access-control-allow-headers"]
    assert b"access-control-allow-credentials" not in told


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/events", ()),
        ("PATCH", "/events/1", ()),
        ("OPTIONS", "/events/1/attendees", ()),
        ("OPTIONS", "/console", ()),
        ("GET", "/metrics", ()),
        ("GET", "/e/1", ()),
        ("OPTIONS", "/events/1/register", ((b"content-length", b"2"),)),
    ],
)
def test_what_is_an_organizers_stays_as_it_is(method: str, path: str, more: Any) -> None:
    assert answered((SHOP,), method, path, *ASKS, *more) == (418, [])


def test_the_fast_path_has_the_same_headers() -> None:
    origins, common = Origins((SHOP,)), ((b"x-common", b"1"),)
    lines = origins.lines(common)
    assert set(lines) == {None, SHOP.encode()}
    for origin in lines:
        headers = [*origins.headers(origin), *common]
        assert lines[origin] == b"".join(name + b": " + value + b"\r\n" for name, value in headers)
