"""The event's page against the server's hello, with the database out of reach: a crowd reloads at noon."""

from __future__ import annotations

from pathlib import Path

from bench import ledger, load
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.stack import Stack

LIMIT = 0.30
CONNECTIONS = (32, 512)
HELLO = "hello/s (GET)"
# A privileged port that nothing here opens.
NO_DATABASE = "postgres://omnify:none@127.0.0.1:1/omnify"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    paths = _paths(stack, ledger.new_event())
    with stack.door(DATABASE_URL_WEB=NO_DATABASE) as door, stack.hello() as hello:
        return [
            gets_against_hello(
                options,
                options.fewer,
                *("event pages/s, no database", door, hello, paths, connections),
                at_least=LIMIT,
            )
            for connections in CONNECTIONS
        ]


def gets_against_hello(
    options: Options,
    repetitions: int,
    what: str,
    door: str,
    hello: str,
    paths: Path,
    connections: int,
    *,
    at_least: float,
) -> Line:
    """The ratio for GETs of these paths. None of them may be refused."""

    def rate(base: str) -> float:
        run = load.get(base, paths, connections=connections, seconds=options.seconds, warm_up=options.warm_up)
        if run.refused:
            raise load.ClientFailedError(f"{base}: {run.refused} refused")
        return run.rate

    samples = interleaved(repetitions, {what: lambda: rate(door), HELLO: lambda: rate(hello)})
    return ratio(f"{what} ÷ hello/s, {connections} connections", what, HELLO, samples, at_least=at_least)


def _paths(stack: Stack, event_id: int) -> Path:
    """Loads the event into Redis, as saving it through the API does, and says where its page is."""
    ledger.publish(event_id)
    path = stack.path / "pages"
    path.write_text(f"/e/{event_id}\n", "utf-8")
    return path
