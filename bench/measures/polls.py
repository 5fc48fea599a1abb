"""Status polls against the server's hello: one half of the tickets asked about is decided, the other half waits."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

from bench import load
from bench.measures import Options, interleaved
from bench.report import Line, ratio
from bench.stack import Stack, new_event, wait_until

TICKETS = 1000
LIMIT = 0.40
CONNECTIONS = (32, 512)


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    with stack.door() as door, stack.hello() as hello:
        paths = _tickets(stack, door)
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


def _tickets(stack: Stack, door: str) -> Path:
    event_id = new_event()
    with stack.drain():
        settled = register(door, event_id, TICKETS)
        wait_until(lambda: stack.queued(event_id) == 0, seconds=60, what="the drain")
    waiting = register(door, event_id, TICKETS)
    path = stack.home / "tickets"
    mixed = [one for pair in zip(settled, waiting, strict=True) for one in pair]
    path.write_text("\n".join(mixed) + "\n", "utf-8")
    return path


def register(door: str, event_id: int, count: int) -> list[str]:
    """The addresses of the tickets of `count` people who were registered one after the other."""
    parts = urlsplit(door)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    seed, found = load.fresh_seed(), []
    for number in range(count):
        body = json.dumps({"name": f"Guest {number}", "email": f"guest{number}x{seed}@example.com"})
        connection.request("POST", f"/events/{event_id}/register", body, {"Content-Type": "application/json"})
        found.append(json.load(connection.getresponse())["data"]["status_url"])
    connection.close()
    return found
