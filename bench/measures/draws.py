"""A draw of a million entries: how long it takes, and whether its memory grows with the number of entries.

All have entered before; the drain alone seals, ranks and gives. One run of each size: it is minutes long.
"""

from __future__ import annotations

from bench import ledger
from bench.lines import Line, value
from bench.measures import Options
from bench.measures.drain import drain_once
from bench.stack import Stack

ENTRIES, FEWER = 1_000_000, 100_000
SEATS, WAITLIST = 0.02, 0.05  # of the entries
# The drain's memory with ten times the entries, by that with these.
MOST_GROWTH = 1.3


def measure(stack: Stack, options: Options) -> list[Line]:
    """Seconds, judged memory, and processor time of a draw."""
    few, many = (_drawn(stack, options.number(number)) for number in (FEWER, ENTRIES))
    entries = options.number(ENTRIES)
    each = entries / 1e6
    growth = many["peak_mb"] / few["peak_mb"]
    return [
        value(f"seconds to draw {entries:,} entries", [many["seconds"]], unit="s"),
        Line(name="memory of the drain, ten times the entries ÷", measured=growth, at_most=MOST_GROWTH),
        value("memory of the drain that draws them", [many["peak_mb"]], unit="MB"),
        value("memory of its database session", [many["database_mb"]], unit="MB"),
        value("growth of the database's files by an entry drawn", [many["files_mb"] * 1000 / entries], unit="kB"),
        value("the drain's processor time of an entry drawn", [many["drain"] / each], unit="µs"),
        value("PostgreSQL's processor time of an entry drawn", [many["database"] / each], unit="µs"),
    ]


def _drawn(stack: Stack, entries: int) -> dict[str, float]:
    event_id = ledger.new_event(
        capacity=max(1, round(entries * SEATS)), waitlist=max(1, round(entries * WAITLIST)), draws=True
    )
    ledger.fill(event_id, entries)
    ledger.tidy()
    ledger.let_draw_be_due(event_id)
    found = drain_once(stack, event_id)
    left = ledger.entered(event_id)
    if left:
        raise AssertionError(f"{left} of {entries} were not drawn")
    stack.forget(event_id)
    return found
