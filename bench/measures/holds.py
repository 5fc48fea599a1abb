"""Holds: a drain that sets every seat aside before it is confirmed, 100,000 holds that run out at once, and how long
after its end the expiry of a hold is in the queue.

The first against a drain that confirms at once: everything is decided twice there. The second beside people who
register for another event: what they wait for their 202, against what they wait beside a drain that is as busy with as
many plain registrations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from bench import guests, ledger, load
from bench.lines import Line, ratio, value
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.measures.drain import drain_seconds
from bench.stack import Server, Stack
from bench.waiting import wait_until

ROWS = 20_000
HOLD_SECONDS = 3600
PLAIN, HELD = "decisions/s, confirmed at once", "decisions/s, held and then confirmed"
SEATS_PLAIN, SEATS_HELD = "seats/s, confirmed at once", "seats/s, held and then confirmed"

ENDING, FEW = 100_000, 100
CONNECTIONS = 64
# Of what the door takes in alone. Both drains would use the machine up.
SHARE = 0.1
PATIENCE_SECONDS = 300.0
IN_QUEUE_MS = 2000.0  # docs/holds.md
RUNNING_OUT, BUSY = "p99 ms, holds run out", "p99 ms, plain registrations are decided"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio of decisions, judged, and of seats; the ratio of the waits, judged, and how fast holds are ended."""
    samples = interleaved(options.fewer, {PLAIN: lambda: _plain(stack, options), HELD: lambda: _held(stack, options)})
    seats = {SEATS_PLAIN: samples[PLAIN], SEATS_HELD: [rate / 2 for rate in samples[HELD]]}
    return [
        ratio("decisions/s, held and then confirmed ÷ confirmed at once", HELD, PLAIN, samples, at_least=0.5),
        ratio("seats/s, held and then confirmed ÷ confirmed at once", SEATS_HELD, SEATS_PLAIN, seats),
        *_all_at_once(stack, options),
        *_in_the_queue(stack, options),
    ]


def _plain(stack: Stack, options: Options) -> float:
    rows = options.number(ROWS)
    event_id = ledger.new_event()
    guests.register(event_id, rows)
    ledger.tidy()
    seconds = drain_seconds(stack, event_id)
    stack.forget(event_id)
    _check(ledger.confirmed(event_id), rows, "confirmed")
    return rows / seconds


def _held(stack: Stack, options: Options) -> float:
    rows = options.number(ROWS)
    event_id = ledger.new_event(hold_seconds=HOLD_SECONDS)
    tickets = guests.register(event_id, rows)
    ledger.tidy()
    seconds = drain_seconds(stack, event_id)
    _check(ledger.held(event_id), rows, "held")
    guests.with_door(lambda door: door.confirm(tickets))
    seconds += drain_seconds(stack, event_id)
    stack.forget(event_id)
    _check(ledger.confirmed(event_id), rows, "confirmed")
    return 2 * rows / seconds


def _all_at_once(stack: Stack, options: Options) -> list[Line]:
    rates: list[float] = []
    with stack.door_processes() as door:
        rate = SHARE * accept_run(stack, door, CONNECTIONS, options).rate

        def run_out() -> float:
            p99, released = _run_out(stack, options, door, rate)
            rates.append(released)
            return p99

        runs: dict[str, Callable[[], float]] = {
            RUNNING_OUT: run_out,
            BUSY: partial(_beside_plain_work, stack, options, door, rate),
        }
        samples = interleaved(options.fewer, runs)
    name = f"accept p99 while {options.number(ENDING):,} holds run out ÷ beside as many plain registrations"
    return [
        ratio(name, RUNNING_OUT, BUSY, samples, at_most=2.0),
        value("holds that run out in the same second, ended", rates, unit="holds/s"),
    ]


def _run_out(stack: Stack, options: Options, door: Server, rate: float) -> tuple[float, float]:
    """The p99 (ms) of those who register meanwhile, and holds ended per second. All must end, in order."""
    holds = options.number(ENDING)
    event_id = ledger.new_event(hold_seconds=HOLD_SECONDS)
    ledger.fill(event_id, holds)
    ledger.publish(event_id)
    ledger.let_holds_end(event_id)
    ledger.tidy()
    with stack.drain():
        wait_until(lambda: ledger.held(event_id) < holds, seconds=PATIENCE_SECONDS, what="the first hold to end")
        began = time.monotonic()
        p99 = _register_meanwhile(stack, options, door, rate)
        ended = wait_until(lambda: ledger.held(event_id) == 0, seconds=PATIENCE_SECONDS, what="the last hold to end")
        wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    stack.forget(event_id)
    _check(ledger.expired_in_order(event_id), holds, "run out")
    return p99, holds / (ended - began)


def _beside_plain_work(stack: Stack, options: Options, door: Server, rate: float) -> float:
    """The p99 (ms) of those who register while a drain decides as many registrations of another event."""
    people = options.number(ENDING)
    event_id = ledger.new_event()
    url = f"{door.url}/events/{event_id}/register"
    load.all_at_once(url, people=people, connections=512, patience=PATIENCE_SECONDS)
    ledger.tidy()
    with stack.drain():
        wait_until(lambda: ledger.confirmed(event_id) > 0, seconds=PATIENCE_SECONDS, what="the drain to begin")
        p99 = _register_meanwhile(stack, options, door, rate)
        wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    stack.forget(event_id)
    _check(ledger.confirmed(event_id), people, "confirmed")
    return p99


def _register_meanwhile(stack: Stack, options: Options, door: Server, rate: float) -> float:
    event_id = ledger.new_event()
    url = f"{door.url}/events/{event_id}/register"
    run = load.paced(
        url, rate=rate, connections=CONNECTIONS, seconds=options.seconds, warm_up=options.pause(load.WARM_UP_SECONDS)
    )
    if run.refused or run.broken:
        raise load.ClientFailedError(f"{run.refused} refused and {run.broken} broken of {run.requests} registrations")
    wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    stack.forget(event_id)
    return run.p99_ms


def _in_the_queue(stack: Stack, options: Options) -> list[Line]:
    """How long after its end the expiry of a hold was put into the queue, by the queue's clock."""
    few, many = options.number(FEW, least=5), options.number(ENDING)
    apart = _lateness(stack, few, apart=timedelta(milliseconds=70))
    # By then the ledger has the ends of all.
    at_once = _lateness(stack, many, after=timedelta(seconds=5 + many / 4000))
    what = f"ms after their end that the expiries of {many:,} holds, all of one moment, are in the queue"
    return [
        _in_time("ms after its end that the expiry of a hold is in the queue, the longest", apart),
        value(f"{what}, the shortest", at_once[:1]),
        _in_time(f"{what}, the longest", at_once),
    ]


def _in_time(name: str, late: Sequence[float]) -> Line:
    return Line(name=name, measured=late[-1], at_most=IN_QUEUE_MS)


def _lateness(
    stack: Stack, holds: int, *, apart: timedelta = timedelta(0), after: timedelta = timedelta(seconds=5)
) -> list[float]:
    """Milliseconds, the least first. None may be early, and all must run out."""
    with stack.drain():
        pass  # it has started, and goes on at once
    event_id = ledger.new_event(hold_seconds=HOLD_SECONDS)
    ledger.fill(event_id, holds)
    ledger.publish(event_id)
    ends: dict[str, int] = {}
    while min(ends.values(), default=0) < time.time() * 1000:
        ends = ledger.let_holds_end(event_id, apart=apart, after=after)
        ledger.tidy()
        after *= 2  # a slow machine needs longer to write that down
    with stack.drain():
        stamps = stack.stamps(event_id, holds, seconds=PATIENCE_SECONDS)
        wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    stack.forget(event_id)
    _check(ledger.expired_in_order(event_id), holds, "run out")
    late = sorted(stamps[key] - end for key, end in ends.items())
    if late[0] < 0:
        raise load.ClientFailedError(f"a hold was ended {-late[0]} ms early")
    return [float(one) for one in late]


def _check(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise load.ClientFailedError(f"{found} of {expected} are {what}")
