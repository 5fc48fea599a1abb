"""Whether an event gets slower as it fills: terminal/s with 100,000 registrations on it against none."""

from __future__ import annotations

from bench.measures import Options, interleaved
from bench.measures.terminal import terminal_rate
from bench.report import Line, ratio
from bench.stack import Stack, new_event, tidy

PRESENT = 100_000
CONNECTIONS = 512

_FILL = """
INSERT INTO events_registration (event_id, ticket_key, name, email, email_key, status, reason, sequence, revision,
    requested_at, decided_at, confirmed_at)
SELECT %(event)s, left(md5(%(event)s || 'a' || n), 20), 'Guest ' || n, 'guest' || n || '@full.example.com',
    'guest' || n || '@full.example.com', 'confirmed', '', n, 1, now(), now(), now()
FROM generate_series(1, %(present)s) AS n
"""
_COUNT = """
UPDATE events_event SET confirmed_count = %(present)s, last_sequence = %(present)s, version = version + 1
WHERE id = %(event)s
"""


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line. Both events share the table, so what differs is the event and nothing else."""
    with stack.door() as door, stack.drain():

        def rate(event_id: int) -> float:
            return terminal_rate(stack, door, event_id, CONNECTIONS, options.seconds)

        samples = interleaved(
            options.repetitions,
            {"terminal/s, full": lambda: rate(_event(PRESENT)), "terminal/s, empty": lambda: rate(_event(0))},
        )
    name = f"terminal/s with {PRESENT:,} registrations on the event ÷ with none"
    return [ratio(name, "terminal/s, full", "terminal/s, empty", samples, at_least=0.95)]


def _event(present: int) -> int:
    """An event with so many registrations.

    Both kinds begin alike, with nothing left for autovacuum to do in the run and no checkpoint right behind them: only
    the full event would pay for that one, with each page of its indexes written whole to the log once.
    """
    from django.db import connection

    tidy()
    event_id = new_event()
    with connection.cursor() as cursor:
        for statement in (_FILL, _COUNT):
            cursor.execute(statement, {"event": event_id, "present": present})
        cursor.execute("VACUUM (ANALYZE) events_registration")
    return event_id
