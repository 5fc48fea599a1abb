"""Events that are not there, not loaded, or that take no registrations."""

from __future__ import annotations

from tests.support.differential.observation import Case
from tests.support.differential.requests import Requests
from tests.support.differential.steps import ForgetEvent, Step, pipelined

UNKNOWN = 987654


def _at(to: Requests, event: int) -> Requests:
    return Requests(event, to.prepared)


def _not_loaded(to: Requests, *requests: bytes) -> list[Step]:
    return [ForgetEvent(), *pipelined(*requests)]


CASES: dict[str, Case] = {
    "unknown": lambda to: [_at(to, UNKNOWN).register()] * 3,
    "unknown, with a bad body": lambda to: _at(to, UNKNOWN).register(body=b"{"),
    "unknown, with a key": lambda to: _at(to, UNKNOWN).register("Idempotency-Key: one"),
    "not loaded": lambda to: [ForgetEvent(), to.register(), to.register()],
    "not loaded, with a key": lambda to: [ForgetEvent(), *[to.register("Idempotency-Key: one", body=to.body())] * 2],
    "not loaded, and a receipt": lambda to: [ForgetEvent(), to.register("Prefer: receipt")],
    "sold out, and a receipt": lambda to: _at(to, to.prepared.sold_out).register(
        "Prefer: receipt", body=to.body(email="new@example.com")
    ),
    "not loaded, and forty at once": lambda to: _not_loaded(to, *(to.register() for _ in range(40))),
    "not loaded, with a bad body": lambda to: [ForgetEvent(), to.register(body=b"{")],
    "not loaded after the first": lambda to: [to.register(), ForgetEvent(), to.register(), to.register()],
    "closed": lambda to: [_at(to, to.prepared.closed).register()] * 2,
    "closed, with a key": lambda to: [_at(to, to.prepared.closed).register("Idempotency-Key: one")] * 2,
    "sold out": lambda to: [_at(to, to.prepared.sold_out).register(body=to.body(email="new@example.com"))] * 2,
    "sold out, for one who has a seat": lambda to: [_at(to, to.prepared.sold_out).register()] * 2,
    "sold out, for one who has a seat and the key": lambda to: [
        _at(to, to.prepared.sold_out).register("Idempotency-Key: prepared-1")
    ],
    "not yet open": lambda to: [_at(to, to.prepared.not_open).register()] * 2,
    "not yet open, with a key": lambda to: [_at(to, to.prepared.not_open).register("Idempotency-Key: one")] * 2,
}
