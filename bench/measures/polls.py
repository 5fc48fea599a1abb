"""Status polls against the server's hello: one half of the tickets asked about is decided, the other half waits."""

from __future__ import annotations

from pathlib import Path

from bench import guests, ledger, load
from bench.measures import Options, interleaved
from bench.report import Line, ratio
from bench.stack import Stack, wait_until

TICKETS = 1000
LIMIT = 0.40
CONNECTIONS = (32, 512)


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    with stack.door() as door, stack.hello() as hello:
        paths = _tickets(stack, options.number(TICKETS))
        return [_line(options, door, hello, paths, connections) for connections in CONNECTIONS]


def _line(options: Options, door: str, hello: str, paths: Path, connections: int) -> Line:
    def rate(base: str) -> float:
        run = load.get(base, paths, connections=connections, seconds=options.seconds)
        if run.refused:
            raise load.ClientFailedError(f"{base}: {run.refused} refused")
        return run.rate

    samples = interleaved(options.repetitions, {"polls/s": lambda: rate(door), "hello/s (GET)": lambda: rate(hello)})
    name = f"status polls/s ÷ hello/s, {connections} connections"
    return ratio(name, "polls/s", "hello/s (GET)", samples, at_least=LIMIT)


def _tickets(stack: Stack, number: int) -> Path:
    event_id = ledger.new_event()
    settled = guests.register(event_id, number)
    with stack.drain():
        wait_until(lambda: stack.queued(event_id) == 0, seconds=60, what="the drain")
    waiting = guests.register(event_id, number)
    path = stack.path / "tickets"
    mixed = [one for pair in zip(settled, waiting, strict=True) for one in pair]
    path.write_text("\n".join(mixed) + "\n", "utf-8")
    return path
