"""Who ends the connection, and when."""

from __future__ import annotations

from tests.support.differential.observation import Case
from tests.support.differential.steps import AwaitInterim, HalfClose, HangUp, Pause, Write, under_way

_H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAAA")
_WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket")
_HANDSHAKE = (*_WEBSOCKET, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")

CASES: dict[str, Case] = {
    "close": lambda to: to.register("Connection: close"),
    "close on a poll": lambda to: to.poll("", "Connection: close"),
    "Close": lambda to: to.register("Connection: Close"),
    "CLOSE among spaces": lambda to: to.register("Connection: \t CLOSE \t"),
    "keep-alive": lambda to: to.register("Connection: keep-alive"),
    "Keep-Alive on a poll": lambda to: to.poll("", "Connection: Keep-Alive"),
    "keep-alive with its field": lambda to: to.register("Connection: keep-alive", "Keep-Alive: timeout=5, max=1"),
    "keep-alive, close": lambda to: to.register("Connection: keep-alive, close"),
    "close, keep-alive": lambda to: to.register("Connection: close, keep-alive"),
    "close in a list": lambda to: to.register("Connection: x,close ,y"),
    "an odd option": lambda to: to.register("Connection: x-forwarded-for", "X-Forwarded-For: 198.51.100.9"),
    "an option that names the key": lambda to: to.register("Connection: idempotency-key", "Idempotency-Key: one"),
    "an option that names the length": lambda to: to.register("Connection: content-length"),
    "an empty option": lambda to: to.register("Connection:"),
    "commas alone": lambda to: to.register("Connection: , ,"),
    "a proxy's option": lambda to: to.register("Proxy-Connection: close"),
    "close on a bad request": lambda to: to.register("Connection: close", body=b"{"),
    "close on an unknown event": lambda to: to.register("Connection: close", line="POST /events/9/register HTTP/1.1"),
    "close on the last of three": lambda to: [to.register(), to.register(), to.register("Connection: close")],
    "close on the first of two at once": lambda to: Write(to.register("Connection: close") + to.poll()),
    "expect, with the body": lambda to: to.register("Expect: 100-continue"),
    "expect, body after the interim answer": lambda to: [
        Write(to.register("Expect: 100-continue", length="Content-Length: 2", body=b""), answers=0),
        AwaitInterim(),
        Write(b"{}"),
    ],
    "Expect in upper case": lambda to: to.register("EXPECT: 100-CONTINUE"),
    "expect something else": lambda to: to.register("Expect: the-unexpected"),
    "an empty expectation": lambda to: to.register("Expect:"),
    "expect on a poll": lambda to: to.poll("", "Expect: 100-continue"),
    "expect in HTTP/1.0": lambda to: to.register("Expect: 100-continue", line="POST {path} HTTP/1.0"),
    "upgrade to websocket": lambda to: to.register(*_WEBSOCKET),
    "upgrade a poll to websocket": lambda to: to.poll("", *_WEBSOCKET),
    "a websocket's handshake": lambda to: to.poll("", *_HANDSHAKE),
    "upgrade to h2c": lambda to: to.register(*_H2C),
    "upgrade a poll to h2c": lambda to: to.poll("", *_H2C),
    "upgrade without its option": lambda to: to.register("Upgrade: websocket"),
    "an option without its upgrade": lambda to: to.register("Connection: upgrade"),
    "an empty upgrade": lambda to: to.poll("", "Upgrade:"),
    "HTTP/2 preface": lambda to: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": lambda to: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n",
    "PROXY protocol": lambda to: b"PROXY TCP4 198.51.100.1 198.51.100.2 1 2\r\n" + to.register(),
    "half-close before anything": lambda to: [HalfClose()],
    "half-close in a line": lambda to: [Write(to.register()[:20], answers=0), Pause(), HalfClose()],
    "half-close in a body": lambda to: [Write(to.register()[:-10], answers=0), Pause(), HalfClose()],
    "half-close before the answer": lambda to: under_way(to.register(), HalfClose(), Pause(0.05)),
    "half-close before the answer to a keyed one": lambda to: under_way(
        to.register("Idempotency-Key: one"), HalfClose(), Pause(0.05)
    ),
    "half-close with another behind": lambda to: under_way(
        to.register(), Write(to.register(), answers=0), Pause(), HalfClose(), Pause(0.05), answers=2
    ),
    "half-close after the answer": lambda to: [to.register(), HalfClose()],
    "half-close after a cold answer": lambda to: [to.cold(), HalfClose()],
    "hang up before the answer": lambda to: under_way(to.register(), HangUp()),
    "reset before the answer": lambda to: under_way(to.register(), HangUp(reset=True)),
    "hang up with another behind": lambda to: under_way(
        to.register(), Write(to.register(), answers=0), Pause(), HangUp()
    ),
    "hang up in a body": lambda to: [Write(to.register()[:-1], answers=0), Pause(), HangUp()],
    "hang up after the answer": lambda to: [to.register(), HangUp()],
    "reset after the answer": lambda to: [to.register(), HangUp(reset=True)],
}
