"""Which paths there are, on which port: whatever the text, a proxy's rule for a path cannot be slipped past."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnify.front import Front, in_origin_form, is_canonical, is_here, is_plain

SLIPPERY = [
    *("/%6detrics", "/%6Detrics", "/metric%73", "/%61dmin", "/%61dmin/login/", "/admin%2Flogin/", "/admin%2flogin/"),
    *("//metrics", "///metrics", "/admin//login/", "/./metrics", "/metrics/.", "/static/../metrics", "/metrics/.."),
    *("/%2e/metrics", "/static/%2e%2e/metrics", "/static/.%2E/metrics", "/static%2F..%2Fmetrics", "/%2Fmetrics"),
    *("/%256detrics", "/\\metrics", "/%5Cmetrics", "/metrics%00", "/metrics%0a", "/%", "/%6", "/%zz", "/metrics%7F"),
    *("*", "", "metrics", "http://localhost/metrics", "localhost:80"),
]


@pytest.mark.parametrize("path", SLIPPERY)
def test_another_way_to_write_a_path_is_no_path(path: str) -> None:
    assert not is_canonical(path.encode())


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/events/1", "/e/1", "/admin/", "/admin/events/event/1/change/", "/.well-known/security.txt", "/a..b"),
        *("/assets/0a1b/style.css", "/events/1%20", "/t/%C3%A9", "/METRICS", "/metrics;x", "/registrations/1-_~."),
    ],
)
def test_a_path_in_its_one_form_is_one(path: str) -> None:
    assert is_canonical(path.encode())


@given(st.lists(st.sampled_from([b"/", b".", b"%", b"%2e", b"%2F", b"%6d", b"metrics", b"admin", b"6", b"\\", b";"])))
def test_what_is_canonical_means_the_same_however_often_it_is_decoded_or_cleaned(parts: list[bytes]) -> None:
    path = b"/" + b"".join(parts)
    assert is_canonical(path) or not is_plain(unquote(path.decode()), path)
    if is_canonical(path):
        once = unquote_to_bytes(path)
        assert unquote_to_bytes(once) == once
        segments = once.split(b"/")[1:]
        assert b"" not in segments[:-1]
        assert not {b".", b".."} & set(segments)
        assert len(segments) == path.count(b"/"), "no slash came of decoding"


@pytest.mark.parametrize(
    ("path", "public", "operations"),
    [
        ("/metrics", False, True),
        ("/admin", False, True),
        ("/admin/", False, True),
        ("/admin/login/", False, True),
        ("/static/admin/css/base.css", True, True),
        ("/health/ready", True, True),
        ("/events/1", True, False),
        ("/registrations/1-x", True, False),
        ("/console", True, False),
        ("/administer", True, False),
        ("/metrics/", True, False),
    ],
)
def test_with_a_port_of_their_own_metrics_and_admin_are_there_alone(path: str, public: bool, operations: bool) -> None:
    assert is_here(path.encode(), port=8000, operations_port=9000) is public
    assert is_here(path.encode(), port=9000, operations_port=9000) is operations
    assert is_here(path.encode(), port=None, operations_port=9000) is public, "a Unix socket is public"
    assert is_here(path.encode(), port=8000, operations_port=None)


def ask(path: str, *, port: int, method: str = "GET") -> tuple[int, bytes]:
    """What the front answers; 204 comes from behind it."""
    sent: list[dict[str, Any]] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "server": ("127.0.0.1", port),
        "headers": [],
    }
    asyncio.run(Front(app=behind, operations_port=9000)(scope, None, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize(
    ("target", "there"),
    [
        *(
            ("http://example.org/events", True),
            ("HTTPS://example.org:8000/events", True),
            ("http://[::1]/events", True),
        ),
        *(("http://example.org", True), ("http://example.org/metrics", False), ("http://example.org//metrics", False)),
        *(("http://example.org/%6detrics", False), ("http://user@example.org/events", False), ("http:/events", False)),
        *(("ftp://example.org/events", False), ("http:///events", False), ("*", False), ("events", False), ("", False)),
    ],
)
def test_a_target_may_be_a_whole_address_and_its_path_is_judged_like_any(target: str, there: bool) -> None:
    assert ask(target, port=8000)[0] == (204 if there else 404)


def test_of_a_whole_address_the_path_and_the_host_are_passed_on() -> None:
    scope = {"raw_path": b"http://a.example:81/t/%C3%A9", "path": "", "headers": [(b"host", b"b"), (b"accept", b"c")]}
    assert in_origin_form(scope) == {
        "raw_path": b"/t/%C3%A9",
        "path": "/t/é",
        "headers": [(b"host", b"a.example:81"), (b"accept", b"c")],
    }


def test_what_is_not_there_is_a_plain_404_in_the_standard_shape() -> None:
    assert ask("/events", port=8000)[0] == 204
    for path, port in (("/%6detrics", 8000), ("/metrics", 8000), ("/events", 9000), ("/%6detrics", 9000)):
        status, body = ask(path, port=port)
        assert status == 404
        assert json.loads(body) == {
            "success": False,
            "code": "not_found",
            "message": "There is nothing at this address.",
            "errors": None,
        }
    assert ask("/metrics", port=8000, method="HEAD") == (404, b"")
