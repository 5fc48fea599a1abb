"""Every header field that either way reads, twice: with the same value, and with another one."""

from __future__ import annotations

from typing import Any

from tests.support.differential.observation import Case
from tests.support.differential.requests import JSON

# Field, a usual value, another value.
_READ = {
    "Host": ("localhost", "example.org"),
    "Content-Type": ("application/json", "text/plain"),
    "Content-Length": ("50", "51"),
    "Transfer-Encoding": ("chunked", "identity"),
    "Authorization": ("Bearer one", "Bearer two"),
    "Idempotency-Key": ("one", "two"),
    "X-Forwarded-For": ("198.51.100.1", "198.51.100.2"),
    "X-Forwarded-Proto": ("https", "http"),
    "If-None-Match": ('"x"', "*"),
    "Connection": ("keep-alive", "close"),
    "Expect": ("100-continue", "x"),
    "Upgrade": ("h2c", "websocket"),
    "Accept": ("*/*", "text/html"),
    "Origin": ("https://example.org", "null"),
    "Forwarded": ("for=198.51.100.1", "for=198.51.100.2"),
    "Cookie": ("a=1", "a=2"),
    "Prefer": ("wait=1", "wait=2"),
    "Last-Event-ID": ("1", "2"),
    "Content-Encoding": ("identity", "gzip"),
    "Date": ("x", "y"),
}
# What a registration brings by itself, and is left out of it.
_OWN: dict[str, dict[str, Any]] = {
    "Host": {"host": None},
    "Content-Type": {"kind": None},
    "Content-Length": {"length": None},
}


def _register(name: str, first: str, second: str) -> Case:
    fields = (f"{name}: {first}", f"{name}: {second}")
    return lambda to: to.register(*fields, body=to.body().ljust(50)[:50], **_OWN.get(name, {}))


def _poll(name: str, first: str, second: str) -> Case:
    fields = (f"{name}: {first}", f"{name}: {second}")
    return lambda to: to.poll("", *fields, host=None if name == "Host" else "Host: localhost")


CASES: dict[str, Case] = {
    **{f"{name} twice": _register(name, first, first) for name, (first, _) in _READ.items()},
    **{f"{name}, then another": _register(name, first, other) for name, (first, other) in _READ.items()},
    **{f"another {name} first": _register(name, other, first) for name, (first, other) in _READ.items()},
    **{f"{name} twice on a poll": _poll(name, first, first) for name, (first, _) in _READ.items()},
    **{f"{name}, then another on a poll": _poll(name, first, other) for name, (first, other) in _READ.items()},
    "a name in two cases": lambda to: to.register("content-type: text/plain", "HOST: example.org"),
    "a type between other fields": lambda to: to.register("X-A: 1", "X-A: 2", JSON, kind=None),
    "three addresses": lambda to: to.register(*["X-Forwarded-For: 198.51.100.1"] * 3),
}
