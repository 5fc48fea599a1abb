"""Requests that two programs may read differently: none gets a registration in that its sender is not told of."""

from __future__ import annotations

import contextlib

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.findings import demand
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.http2 import Client2


def shapes(path: str, inner: bytes) -> dict[str, bytes]:
    """Returns requests, each with another request in it that is to be read as its body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
    size = len(inner)
    chunked = b"0\r\n\r\n" + inner
    return {
        "both lengths": head + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(chunked) + chunked,
        "both lengths, short": head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % size + inner,
        "a coding with a space": head + b"Content-Length: 6\r\nTransfer-Encoding : chunked\r\n\r\n" + chunked,
        "a coding with a tab": head + b"Content-Length: 6\r\nTransfer-Encoding:\tchunked\r\n\r\n" + chunked,
        "an odd coding": head + b"Content-Length: 6\r\nTransfer-Encoding: xchunked\r\n\r\n" + chunked,
        "two codings": head + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
        "a coding in quotes": head + b'Content-Length: 6\r\nTransfer-Encoding: "chunked"\r\n\r\n' + chunked,
        "a folded coding": head + b"Content-Length: 6\r\nTransfer-Encoding:\r\n chunked\r\n\r\n" + chunked,
        "a coding behind a line feed": head
        + b"Content-Length: 6\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked,
        "a coding behind a NUL": head + b"Content-Length: 6\r\nTransfer-Encoding: \0chunked\r\n\r\n" + chunked,
        "two lengths": head + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % size + inner,
        "lengths in a list": head + b"Content-Length: 0, %d\r\n\r\n" % size + inner,
        "a signed length": head + b"Content-Length: +%d\r\n\r\n" % size + inner,
        "a length in hexadecimal": head + b"Content-Length: 0x0\r\n\r\n" + inner,
        "a length with a space": head + b"Content-Length : %d\r\n\r\n" % size + inner,
        "a negative length": head + b"Content-Length: -1\r\n\r\n" + inner,
        "a chunk's size with a sign": head + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + inner,
        "a chunk's size too large": head + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + inner,
        "a chunk behind line feeds": head + b"Transfer-Encoding: chunked\r\n\r\n0\n\n" + inner,
        "a head with line feeds": head.replace(b"\r\n", b"\n") + b"Content-Length: %d\n\n" % size + inner,
        "a body of GET": f"GET /events/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
        + inner,
        "an upgrade": b"GET /events/1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: %d\r\n\r\n" % size + inner,
        "a promise": head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size + inner,
        "a length hidden by Connection": head
        + b"Connection: Content-Length\r\nContent-Length: %d\r\n\r\n" % size
        + inner,
        "HTTP/0.9": b"GET /events/1\r\n" + inner,
        "HTTP/1.0 with a coding": head.replace(b"HTTP/1.1", b"HTTP/1.0")
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + chunked,
    }


def in_http2(path: str, inner: bytes) -> dict[str, tuple[list[tuple[str, str]], bytes]]:
    """Returns requests of HTTP/2 that become two when they are written as HTTP/1.1 without care."""
    basic = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
    basic.append(("content-type", "application/json"))
    text = inner.decode()
    return {
        "a length of 0": ([*basic, ("content-length", "0")], inner),
        "a length too short": ([*basic, ("content-length", "1")], inner),
        "a length too long": ([*basic, ("content-length", str(len(inner) + 500))], inner),
        "two lengths": ([*basic, ("content-length", "0"), ("content-length", str(len(inner)))], inner),
        "a coding": ([*basic, ("transfer-encoding", "chunked")], b"0\r\n\r\n" + inner),
        "a line end in a value": ([*basic, ("x", f"y\r\n\r\n{text}")], b""),
        "a line end in a name": ([*basic, (f"x: y\r\n\r\n{text}", "z")], b""),
        "a line end in the path": ([*basic[:3], (":path", f"/events/1 HTTP/1.1\r\nHost: x\r\n\r\n{text}")], b""),
        "a space in the method": ([(":method", f"GET /events/1 HTTP/1.1\r\nHost: x\r\n\r\n{text}"), *basic[1:]], b""),
        "a line end in the host": ([*basic[:2], (":authority", f"x\r\n\r\n{text}"), *basic[3:]], b""),
        "a colon in a name": ([*basic, ("transfer-encoding:chunked\r\nx", "y")], inner),
        "an upper-case name": ([*basic, ("Transfer-Encoding", "chunked")], inner),
    }


def are_refused(front: Front) -> str:
    """What was registered is what its senders were told, and the next client gets its own answer."""
    event = events.create(front.service, seats=5000)
    path = f"/events/{event}/register"
    told = refused = 0
    names = [*shapes(path, b""), *(f"HTTP/2: {name}" for name in in_http2(path, b""))]
    for name in names:
        own, body = front.registration()
        inner = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {own['Content-Type']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        said = _send2(front, path, inner, name[8:]) if name.startswith("HTTP/2: ") else _send(front, path, inner, name)
        answers = said.count(b"HTTP/1.1 202") + said.count(b"HTTP/2 202")
        told += answers
        refused += not answers
        found = front.request("GET", "/health/live")
        demand(found.status == 200 and b"alive" in found.body, f"{name}: the next client is answered {found.status}")
        counted = events.counted(front.service, event)
        demand(counted == told, f"{name}: {counted} registrations, and {told} answers")
    return f"{len(names)} shapes: {refused} refused, {told} read as two requests of one client, none beside"


def _send(front: Front, path: str, inner: bytes, name: str) -> bytes:
    said = b""
    with contextlib.suppress(OSError), front.client() as client:
        client.socket.sendall(shapes(path, inner)[name])
        said = client.rest()
    return said


def _send2(front: Front, path: str, inner: bytes, name: str) -> bytes:
    headers, body = in_http2(path, inner)[name]
    client = Client2(front.context("h2"), front.https)
    client.socket.settimeout(3.0)
    status = 0
    try:
        for event in client.events(client.send(headers, body)):
            for header, value in getattr(event, "headers", None) or []:
                status = int(value) if header == ":status" else status
    except (OSError, ValueError):
        pass
    finally:
        client.close()
    return b"HTTP/2 %d" % status
