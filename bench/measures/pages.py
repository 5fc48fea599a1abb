"""The event's page against the server's hello, with the database out of reach: a crowd reloads at noon."""

from __future__ import annotations

from pathlib import Path

from bench import ledger, load
from bench.measures import Options, interleaved
from bench.report import Line, ratio
from bench.stack import Stack

LIMIT = 0.30
CONNECTIONS = (32, 512)
# A privileged port that nothing here opens.
NO_DATABASE = "postgres://omnify:none@127.0.0.1:1/omnify"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    paths = _paths(stack, ledger.new_event())
    with stack.door(DATABASE_URL_WEB=NO_DATABASE) as door, stack.hello() as hello:
        return [_line(options, door, hello, paths, connections) for connections in CONNECTIONS]


def _line(options: Options, door: str, hello: str, paths: Path, connections: int) -> Line:
    def rate(base: str) -> float:
        run = load.get(base, paths, connections=connections, seconds=options.seconds)
        if run.refused:
            raise load.ClientFailedError(f"{base}: {run.refused} refused")
        return run.rate

    samples = interleaved(options.repetitions, {"pages/s": lambda: rate(door), "hello/s (page)": lambda: rate(hello)})
    name = f"event page/s ÷ hello/s, no database, {connections} connections"
    return ratio(name, "pages/s", "hello/s (page)", samples, at_least=LIMIT)


def _paths(stack: Stack, event_id: int) -> Path:
    """Loads the event into Redis, as saving it through the API does, and says where its page is."""
    ledger.publish(event_id)
    path = stack.path / "pages"
    path.write_text(f"/e/{event_id}\n", "utf-8")
    return path
