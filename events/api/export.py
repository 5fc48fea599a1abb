"""All attendees as CSV, streamed: batch after batch by position, so memory does not grow with the event.

Between two batches no database connection is held: a slow reader costs a socket, not a connection.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse

from events.api.attendees import attendee
from events.ledger import queries
from events.ledger.queries import Guests, Position
from events.models import Event, Registration

BATCH_ROWS = 1000
COLUMNS = ("ticket_id", "name", "email", "confirmed_at", "sequence", "checked_in_at", "reason")

# A spreadsheet runs a cell that starts like this as a formula (OWASP, "CSV Injection"): an apostrophe makes it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def csv_response(event: Event, guests: Guests) -> StreamingHttpResponse:
    """The whole list as an attachment."""
    return StreamingHttpResponse(
        csv_chunks(guests),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="event-{event.pk}-attendees.csv"'},
    )


async def csv_chunks(guests: Guests) -> AsyncIterator[bytes]:
    """The header row, then `BATCH_ROWS` rows at a time."""
    yield _encode([COLUMNS])
    after: Position | None = None
    while True:
        rows = await sync_to_async(_batch, thread_sensitive=True)(guests, after)
        if rows:
            yield await sync_to_async(_render, thread_sensitive=True)(rows)
            after = Position(rows[-1].sequence, rows[-1].pk)
        if len(rows) < BATCH_ROWS:
            return


def _batch(guests: Guests, after: Position | None) -> Sequence[Registration]:
    try:
        return queries.attendees_after(guests, after=after, limit=BATCH_ROWS)
    finally:
        connection.close()


def _render(rows: Sequence[Registration]) -> bytes:
    return _encode([_safe(value) for value in attendee(row).values()] for row in rows)


def _encode(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value
