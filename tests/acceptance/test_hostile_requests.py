"""Heads and paths as attackers write them: an answer in a known shape, one short JSON line at most, nothing harmed."""

from __future__ import annotations

import json
import random
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.http_client import Address, Answer, answer_on
from tests.support.service.logs import not_json
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

HOST = b"Host: localhost\r\n"
TOKEN = "a-token-of-the-tests"
PUBLIC = "https://tickets.example.org"


@pytest.fixture(scope="module")
def two_ports(event: Event) -> Iterator[tuple[Address, Address]]:
    """A door whose metrics and admin are on a port of their own, and which is told its public URL: the address of the
    service, and the other one."""
    from omnify.embedded.ports import LOOPBACK, free_port

    other = Address(LOOPBACK, free_port())
    bind = f"{other.host}:{other.port}"
    with event.service.another_door(OPERATIONS_BIND=bind, METRICS_TOKEN=TOKEN, PUBLIC_URL=f"{PUBLIC}/") as door:
        yield door, other


def send(address: Address, head: bytes) -> Answer:
    """The answer; to HEAD without waiting for the body that its length speaks of."""
    return answer_on(address.raw(head), method=head.partition(b" ")[0].decode("latin-1"))


def get(path: bytes | str, *lines: bytes, method: bytes = b"GET") -> bytes:
    path = path.encode() if isinstance(path, str) else path
    return method + b" " + path + b" HTTP/1.1\r\n" + b"".join(lines or (HOST,)) + b"Connection: close\r\n\r\n"


def web_log(service: Service) -> list[str]:
    return Path(service.home / "log" / "web.log").read_text("utf-8").splitlines()


HEADS = {
    "length of 5000 digits": (get("/events/1", HOST, b"Content-Length: " + b"9" * 5000 + b"\r\n"), 400),
    "negative length": (get("/events/1", HOST, b"Content-Length: -1\r\n"), 400),
    "length with a sign": (get("/events/1", HOST, b"Content-Length: +1\r\n"), 400),
    "two lengths": (get("/events/1", HOST, b"Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
    "length and chunked": (get("/events/1", HOST, b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400),
    "unknown coding": (get("/events/1", HOST, b"Transfer-Encoding: gzip\r\n"), 400),
    "no host": (get("/events/1", b"X: y\r\n"), 400),
    "two hosts": (get("/events/1", HOST, HOST), 400),
    "folded header": (get("/events/1", HOST, b"X-Folded: a\r\n b\r\n"), 400),
    "NUL in a header": (get("/events/1", HOST, b"X-Nul: a\x00b\r\n"), 400),
    "space before a colon": (get("/events/1", HOST, b"X-Space : a\r\n"), 400),
    "no colon": (get("/events/1", HOST, b"nothing\r\n"), 400),
    "HTTP/0.9": (b"GET /events/1\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a made-up version": (b"GET /events/1 HTTP/9.9\r\n" + HOST + b"\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n", 400),
    "a bad chunk": (
        get("/events/1/register", HOST, b"Transfer-Encoding: chunked\r\n", method=b"POST") + b"zz\r\n",
        400,
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_cannot_be_parsed_is_refused_in_the_standard_shape(event: Event, name: str) -> None:
    head, status = HEADS[name]
    answer = send(event.service.address, head)
    assert (answer.status, answer.json["code"]) == (status, "invalid")
    assert answer.headers["connection"] == "close"


def second_and_kind(line: str) -> tuple[str, int, str]:
    """What there is one line of. A second by the clock of the limit may touch two by the clock of the log."""
    said = json.loads(line)
    return said["time"][:19], said["pid"], said["message"][:30]


def test_a_hundred_of_each_are_a_few_short_lines_of_json(event: Event) -> None:
    address, before = event.service.address, len(web_log(event.service))
    hosts = [get("/events", b"Host: evil%d.example\r\n" % n) for n in range(100)]
    not_text = [get("/events", HOST, b"X-Latin: \xff\xfe\r\nIf-None-Match: \xff\r\n") for _ in range(20)]
    upgrades = [get("/events", HOST, b"Upgrade: websocket\r\nConnection: upgrade\r\n") for _ in range(20)]
    for head in [head for head, _ in HEADS.values() for _ in range(20)] + hosts + not_text + upgrades:
        with address.raw(head) as connection:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    for path in (event.path, "/e/1", "/registrations/1-x", "/events", "/health/live", "/"):
        assert address.ask("HEAD", path).body == b""
    lines = web_log(event.service)[before:]
    assert not_json(event.service) == []
    assert not [line for line in lines if "Traceback" in line or "exception" in json.loads(line)]
    assert max(Counter(second_and_kind(line) for line in lines).values()) <= 2, lines
    assert all(len(line) < 600 for line in lines)


def test_head_is_get_without_the_body_on_every_hot_route(event: Event) -> None:
    [ticket_id] = event.admit("head")
    event.decided(ticket_id)
    address = event.service.address
    for path in (event.path, f"/registrations/{ticket_id}", f"/e/{event.id}", f"/t/{ticket_id}", "/events/0", "/x"):
        got, head = address.ask("GET", path), address.ask("HEAD", path)
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def test_metrics_and_admin_are_on_their_own_port_and_there_alone(two_ports: tuple[Address, Address]) -> None:
    public, other = two_ports
    slippery = ("/metrics", "/%6detrics", "//metrics", "/./metrics", "/static/../metrics", "/metrics/", "/metrics;x")
    admin = ("/admin", "/admin/", "/admin/login/", "/%61dmin/login/", "/admin%2flogin/", "//admin/login/")
    for path in (*slippery, *admin):
        assert send(public, get(path)).refusal == (404, "not_found"), path
    assert send(other, get("/metrics")).refusal == (401, "unauthenticated")
    assert send(other, get("/metrics", HOST, b"Authorization: Bearer wrong\xff\r\n")).status == 401
    shown = send(other, get("/metrics", HOST, b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"))
    assert (shown.status, b"omnify_up" in shown.body) == (200, True)
    assert send(other, get("/admin/login/")).status == 200
    assert send(other, get("/static/admin/css/base.css")).status == 200
    assert send(other, get("/health/live")).status == 200
    for path in ("/events", "/events/1", "/console", "/e/1"):
        assert send(other, get(path)).refusal == (404, "not_found")


def test_no_link_tells_the_scheme_or_the_host_that_a_request_claims(event: Event) -> None:
    for header in (b"X-Forwarded-Proto: https\r\n", b"X-Forwarded-Host: evil.example\r\n"):
        for path in ("/events?page_size=1", "/schema", f"/e/{event.id}"):
            answer = send(event.service.address, get(path, HOST, header))
            assert answer.status == 200
            assert not [word for word in (b"http://localhost", b"https://localhost", b"evil") if word in answer.body]


def test_links_start_with_the_public_address_where_there_is_one(
    event: Event, two_ports: tuple[Address, Address]
) -> None:
    door, _ = two_ports
    open_event(event.service)
    assert door.ask("GET", "/events?page_size=1").data["next_page"].startswith(f"{PUBLIC}/events?")
    assert json.loads(door.ask("GET", "/schema").body)["servers"] == [{"url": PUBLIC}]


PARTS = [
    *("t", "e", "events", "registrations", "event.ics", "cancel", "register", "check-in", "console", "webhooks"),
    *("static", "assets", "admin", "metrics", "schema", "docs", "health", "live", ".well-known", "retry", "deliveries"),
    *(
        "",
        ".",
        "..",
        "%2e%2e",
        "%2F",
        "%00",
        "%0a",
        "%ff",
        "%C3%A9",
        "%",
        "%zz",
        ";a=b",
        "0",
        "1",
        "01",
        "-1",
        "9" * 19,
    ),
    *("1-" + "a" * 28, "1-short", "a" * 300, "~", "'", '"', "<x>", "{7}", "*", "events%20", "1e5", "null", "\\"),
]


def test_every_path_gets_an_answer_in_a_known_shape(event: Event) -> None:
    [ticket_id] = event.admit("odd")
    event.decided(ticket_id)
    chance, before = random.Random(11), len(web_log(event.service))  # noqa: S311 - the same paths in each run
    inner = [f"/t/{ticket_id}/events/event.ics", f"/t/{ticket_id}/events/cancel", f"/t/{ticket_id}/check-in/event.ics"]
    parts = [*PARTS, ticket_id]
    paths = ["/" + "/".join(chance.choices(parts, k=chance.randint(1, 4))) for _ in range(500)]
    methods = chance.choices([b"GET", b"GET", b"HEAD", b"POST", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE"], k=500)
    for path, method in [*((path, b"GET") for path in inner), *zip(paths, methods, strict=True)]:
        if method == b"DELETE" and path == f"/registrations/{ticket_id}":
            continue
        answer = send(event.service.address, get(path, HOST, b"Content-Length: 0\r\n", method=method))
        assert answer.status < 500, (method, path, answer)
        if answer.status >= 400 and answer.body:
            assert answer.headers["content-type"].startswith("text/html") or answer.json, (method, path)
    assert [line for line in web_log(event.service)[before:] if "exception" in line or "Traceback" in line] == []


def test_a_client_that_sends_ahead_and_reads_nothing_is_read_no_further(event: Event) -> None:
    """What the two sides' system buffers hold is a few megabytes; without a limit all of this would be in the door."""
    ahead, most = b"GET /registrations/7-x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000, 32 * 1024 * 1024
    sent = 0
    with event.service.address.raw(b"") as connection:
        connection.settimeout(2)
        with pytest.raises(TimeoutError):
            while sent < most:
                connection.sendall(ahead)
                sent += len(ahead)
    assert event.service.address.ask("GET", "/health/live").status == 200
