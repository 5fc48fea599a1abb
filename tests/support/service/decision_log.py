"""A decision log of a service under test: changed by hand in its database, and checked by the stand-alone verifier."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2

from events.domain.decision_log.merkle import Tree, leaf_hash
from tests.support.decision_log import unframe
from tests.support.service.event import Event
from tests.support.waiting import wait_until

VERIFIER = Path(__file__).parents[3] / "verify" / "omnify_verify.py"
Entries = list[bytes]


def verifier(event: Event, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the verifier as a reader does, with nothing of the project beside it."""
    address = event.service.address
    return run_verifier(f"http://{address.host}:{address.port}", event.id, *words)


def run_verifier(place: str | Path, event_id: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The same, on a service or a folder."""
    command = [sys.executable, "-I", str(VERIFIER), str(place), str(event_id), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def decided(event: Event, number: int) -> None:
    """Waits until so many registrations of an event are decided."""
    wait_until(lambda: len(event.rows()) >= number, "the guests are decided")


def change_by_hand(event: Event, statement: str, *values: object) -> None:
    """Changes the database past the service."""
    connection = psycopg2.connect(event.service.superuser_url(), connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            assert cursor.rowcount > 0, "nothing was changed"
    finally:
        connection.close()


def entries_of(event: Event) -> Entries:
    """All of a log."""
    query = "SELECT entries FROM events_decisionlogchunk WHERE log_id = %s ORDER BY first_index"
    return [entry for (data,) in event.service.rows(query, event.id) for entry in unframe(bytes(data))]


def rewrite(event: Event, change: Callable[[Entries], Entries]) -> None:
    """Gives a log other entries and a tree that fits, as an operator could who has the database and the key.

    What was signed before is forgotten, so the service signs this history too.
    """
    entries = change(entries_of(event))
    tree, tiles = Tree().append([leaf_hash(entry) for entry in entries])
    framed = b"".join(len(entry).to_bytes(2) + entry for entry in entries)
    statements = (
        ("DELETE FROM events_decisionlogchunk WHERE log_id = %s", [event.id]),
        (
            "INSERT INTO events_decisionlogchunk (log_id, first_index, behind_index, last_sequence, entries, "
            "tile_hashes) VALUES (%s, 0, %s, %s, %s, %s)",
            [event.id, tree.size, 10**6, framed, b"".join(tiles)],
        ),
        (
            "UPDATE events_decisionlog SET size = %s, frontier = %s WHERE event_id = %s",
            [tree.size, tree.packed, event.id],
        ),
    )
    for statement, values in statements:
        change_by_hand(event, statement, *values)
    (event.service.home / "signed-logs" / f"{event.id}.checkpoint").unlink(missing_ok=True)
