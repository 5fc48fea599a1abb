"""Durable accepts at the door against the server's hello. The drain is stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from bench import ledger, load
from bench.lines import Line, ratio, value
from bench.machine import processor_seconds
from bench.measures import Options, interleaved
from bench.stack import Server, Stack

LIMITS = {32: 0.50, 512: 1.15}


def measure(stack: Stack, options: Options) -> list[Line]:
    """For each number of connections the ratio, and what it comes from: processor time, and the size of the batches."""
    return against_hello(stack, options, "durable accepts", LIMITS)


class Accepts(NamedTuple):
    """One run: registrations accepted per second; microseconds of processor time that one took in the door, in Valkey
    and in the load generator; and how many went to Valkey in one call."""

    rate: float
    door_us: float
    valkey_us: float
    client_us: float
    batch: float


def against_hello(
    stack: Stack, options: Options, what: str, limits: Mapping[int, float], *, headers: str = ""
) -> list[Line]:
    """The lines of accepts whose requests have these `headers`, for each number of connections with its limit."""
    with stack.door_processes() as door, stack.hello_processes() as hello:
        return [
            line
            for connections, limit in limits.items()
            for line in _lines(
                options.repetitions,
                (what, f"{connections} connections"),
                partial(accept_run, stack, door, connections, options, headers=headers),
                partial(hello_run, hello, connections, options, headers=headers),
                at_least=limit,
            )
        ]


def _lines(
    repetitions: int,
    names: tuple[str, str],
    accept: Callable[[], Accepts],
    hello: Callable[[], load.Load],
    *,
    at_least: float,
) -> list[Line]:
    what, crowd = names
    accepts: list[Accepts] = []

    def rate() -> float:
        accepts.append(accept())
        return accepts[-1].rate

    rates = interleaved(repetitions, {"accepts/s": rate, "hello/s": lambda: hello().rate})
    of = f"of {what}, {crowd}"
    return [
        ratio(f"{what}/s ÷ hello/s, {crowd}", "accepts/s", "hello/s", rates, at_least=at_least),
        value(f"the door's processor time {of}", [one.door_us for one in accepts], unit="µs"),
        value(f"Valkey's processor time {of}", [one.valkey_us for one in accepts], unit="µs"),
        value(f"the client's processor time {of}", [one.client_us for one in accepts], unit="µs"),
        value(f"registrations in a call to Valkey {of}", [one.batch for one in accepts]),
    ]


def hello_run(hello: Server, connections: int, options: Options, *, headers: str = "") -> load.Load:
    """The same requests, answered with a constant."""
    url = f"{hello.url}/events/1/register"
    found = load.post(url, connections=connections, seconds=options.seconds, warm_up=options.warm_up, headers=headers)
    if found.refused:
        raise load.ClientFailedError(f"the hello refused {found.refused} of {found.requests}")
    return found


def accept_run(
    stack: Stack,
    door: Server,
    connections: int,
    options: Options,
    *,
    events: int = 1,
    addresses: int = 0,
    headers: str = "",
) -> Accepts:
    """Registers on so many fresh events in turn. Every registration that was accepted must be in the queue."""
    ids = [ledger.new_event() for _ in range(events)]
    before, calls = _used(stack, door), stack.script_calls()
    run = load.post(
        [f"{door.url}/events/{event_id}/register" for event_id in ids],
        connections=connections,
        seconds=options.seconds,
        warm_up=options.warm_up,
        addresses=addresses,
        headers=headers,
    )
    calls = stack.script_calls() - calls
    door_us, valkey_us = (
        (used - used_before) / run.requests * 1e6 for used, used_before in zip(_used(stack, door), before, strict=True)
    )
    queued = sum(stack.queued(event_id) for event_id in ids)
    stack.forget(*ids)
    if run.refused or not run.accepted <= queued <= run.accepted + run.broken:
        raise load.ClientFailedError(f"{run.accepted} accepted, {run.refused} refused, {queued} in the queue")
    return Accepts(run.rate, door_us, valkey_us, run.client_us, run.accepted / calls)


def _used(stack: Stack, door: Server) -> tuple[float, float]:
    return processor_seconds(door.pid), processor_seconds(stack.redis_pid())


def with_and_without(
    repetitions: int,
    what: str,
    with_it: Callable[[], Accepts],
    without: Callable[[], Accepts],
    *,
    at_least: float,
) -> list[Line]:
    """The ratio of the rates, judged, and that of the processors' time for one accept."""
    found = interleaved(repetitions, {"with": with_it, "without": without})
    rates = {f"accepts/s, {name}": [one.rate for one in runs] for name, runs in found.items()}
    costs = {f"µs an accept, {name}": [one.door_us + one.valkey_us for one in runs] for name, runs in found.items()}
    above, below = rates
    rate_line = ratio(f"accepts/s with {what} ÷ without", above, below, rates, at_least=at_least)
    above, below = costs
    return [rate_line, ratio(f"processor time of an accept with {what} ÷ without", above, below, costs)]
