"""Registers people at two doors in this process, in turn, and says what processor time one took at each:
`python -m bench.door_in_turn EVENT SHARE TURNS`, where SHARE (0 to 1) of those at the second door is traced.

One process for both, and short turns, so that whatever else the machine does strikes both. It is the fast path without
a socket, so what is added weighs more than it does in a server. Spans are exported within the turns of the door that
made them; with few of them, after every tenth, since each export costs a request.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import TYPE_CHECKING, Any

import django

from bench import load

if TYPE_CHECKING:
    from events.door.fast_path import FastPath
    from events.door.responses import Response
    from omnify.asgi import Service

AT_ONCE = 500
FEW = 0.1  # of this share on the exporter's queue is full within two turns
HEADERS = {b"host": b"127.0.0.1", b"content-type": b"application/json"}


@dataclass(slots=True)
class Client:
    """All connections of a turn."""

    done: asyncio.Event
    left: int
    refused: int = 0
    peer: str = "127.0.0.1"
    is_closed: bool = False

    def send(self, response: Response) -> None:
        """Counts a response."""
        self.refused += response.status != 202
        self.left -= 1
        if not self.left:
            self.done.set()


@dataclass(slots=True)
class Side:
    """A door, and seconds of processor time that one registration took in each turn."""

    service: Service
    turns: list[float] = field(default_factory=list)

    @property
    def fast_path(self) -> FastPath:
        """Its fast path."""
        found = self.service.fast_path_on(None)
        assert found is not None
        return found


def main() -> None:
    """Prints `{"off": ..., "traced": ...}`."""
    django.setup()
    event_id, share, turns = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    sides = asyncio.run(_take_turns(event_id, share, turns))
    print(json.dumps({name: mean(side.turns) for name, side in sides.items()}))


async def _take_turns(event_id: int, share: float, turns: int) -> dict[str, Side]:
    from omnify.common.tracing_settings import TracingSettings

    sides = {"off": await _open(None), "traced": await _open(TracingSettings(share, parent_based=True))}
    for number in range(turns + 1):
        # A B B A A B ...
        for side in list(sides.values())[:: -1 if number % 2 else 1]:
            took = await _turn(side, event_id, _bodies(), export=share > FEW or number % 10 == 0)
            if number:
                side.turns.append(took)
    return sides


async def _open(tracing: Any) -> Side:
    from django.conf import settings

    from omnify.asgi import Service

    settings.ENV = replace(settings.ENV, tracing=tracing)
    service = Service()
    service._open()
    return Side(service)


async def _turn(side: Side, event_id: int, bodies: Sequence[bytes], *, export: bool) -> float:
    client = Client(asyncio.Event(), len(bodies))
    path, traces = side.fast_path, side.service._traces
    before = time.process_time()
    for body in bodies:
        path.register(client, event_id, HEADERS, body)
    await client.done.wait()
    if traces is not None and export:
        traces.flush()
    took = time.process_time() - before
    if client.refused:
        raise load.ClientFailedError(f"{client.refused} of {len(bodies)} were refused")
    return took / len(bodies)


def _bodies() -> list[bytes]:
    seed = load.fresh_seed()
    return [json.dumps({"name": "Guest", "email": f"g{n}x{seed}@example.com"}).encode() for n in range(AT_ONCE)]


if __name__ == "__main__":
    main()
