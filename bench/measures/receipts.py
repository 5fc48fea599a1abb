"""What receipts cost the door: accepts by a crowd that all ask for one against a crowd that asks for none.

As in *limits*, the processors' time for one accept, in the door and in Valkey, says the same more steadily.
"""

from __future__ import annotations

import http.client
import json

from bench import ledger, load
from bench.lines import Line
from bench.measures import Options
from bench.measures.accepts import accept_run, with_and_without
from bench.stack import Server, Stack

CONNECTIONS = 512
HEADER = "Prefer: receipt\r\n"
KEY = "5a" * 32


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines."""
    with stack.door_processes(DECISION_LOG="on", LOG_SIGNING_KEY=KEY) as door:
        _check(stack, door)
        return with_and_without(
            options.repetitions,
            "receipts",
            lambda: accept_run(stack, door, CONNECTIONS, options, headers=HEADER),
            lambda: accept_run(stack, door, CONNECTIONS, options),
            at_least=0.8,
        )


def _check(stack: Stack, door: Server) -> None:
    """Sees that this door signs receipts: without a key it would answer the same 202."""
    event_id, body = ledger.new_event(), json.dumps({"name": "Guest", "email": "guest@example.com"}).encode()
    headers = {"Content-Type": "application/json", "Prefer": "receipt"}
    connection = http.client.HTTPConnection(door.url.removeprefix("http://"), timeout=30)
    try:
        connection.request("POST", f"/events/{event_id}/register", body, headers)
        if "receipt" not in json.loads(connection.getresponse().read())["data"]:
            raise load.ClientFailedError("the door signs no receipts")
    finally:
        connection.close()
    stack.forget(event_id)
