"""Streams all attendees as CSV, batch after batch by position, so memory does not grow with the event.

The file is for spreadsheets, whatever separates cells where they run: it begins with a byte order mark, or Excel reads
`é` as `Ã©`; every cell is quoted; no cell begins like a formula, and none does where `;` separates, since there the
quotes are no help: `"1","Ann;=1+1"` is `1,"Ann` and `=1+1"`.
Between two batches no database connection is held: a slow reader costs a socket, not a connection.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse

from events.api.attendees import render_attendee
from events.domain.public.attendee import Attendee
from events.ledger import queries
from events.ledger.queries import AttendeeCursor, AttendeeFilter, cursor_at
from events.models import Event, Registration

# What a client may prefer.
CSV, JSON = "text/csv", "application/json"
BATCH_ROWS = 1000
# No ticket id: it opens the ticket, and a file is passed on.
COLUMNS = tuple(field for field in Attendee.__struct_fields__ if field != "ticket_id")

# A spreadsheet runs a cell that starts like this as a formula (OWASP, "CSV Injection"), whatever white space stands
# before it and however wide it is: an apostrophe makes it text.
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"
_UNSEEN = r"\s\u200b-\u200f\u2060-\u2069\ufeff"
_FORMULA = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*{_SIGN}")
_FORMULA_BEHIND_SEMICOLON = re.compile(rf";(?=[{_UNSEEN}\"]*{_SIGN})")
_BOM = "\ufeff".encode()
# What file systems do not take in a name.
_NOT_IN_FILES = re.compile(r'[\x00-\x1f"*/:<>?\\|\u202a-\u202e\u2066-\u2069]+')
_FILE_NAME_MAX = 80


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Renders a whole file of a few rows."""
    return _BOM + _encode([columns]) + _encode([_safe(value) for value in row] for row in rows)


def csv_response(event: Event, guests: AttendeeFilter) -> StreamingHttpResponse:
    """Streams the whole list as an attachment."""
    return StreamingHttpResponse(
        csv_chunks(guests),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": _attachment(event)},
    )


def _attachment(event: Event) -> str:
    """Renders the file's name twice (RFC 6266): in ASCII, and in UTF-8 with the event's name."""
    plain = f"event-{event.pk}-attendees"
    name = _NOT_IN_FILES.sub("-", event.name)[:_FILE_NAME_MAX].strip(" .-")
    full = quote(f"{plain}-{name}.csv", safe="")
    return f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{full}"


async def csv_chunks(guests: AttendeeFilter) -> AsyncIterator[bytes]:
    """Yields the header row, then `BATCH_ROWS` rows at a time."""
    yield _BOM + _encode([COLUMNS])
    async for chunk in rendered_batches(guests, _render):
        yield chunk


async def rendered_batches(
    guests: AttendeeFilter, render: Callable[[Sequence[Registration]], bytes]
) -> AsyncIterator[bytes]:
    """Yields what `render` makes of `BATCH_ROWS` rows at a time."""
    after: AttendeeCursor | None = None
    while True:
        rows = await sync_to_async(_batch, thread_sensitive=True)(guests, after)
        if rows:
            yield await sync_to_async(render, thread_sensitive=True)(rows)
            after = cursor_at(guests, rows[-1])
        if len(rows) < BATCH_ROWS:
            return


def _batch(guests: AttendeeFilter, after: AttendeeCursor | None) -> Sequence[Registration]:
    try:
        return queries.attendees_after(guests, after=after, limit=BATCH_ROWS)
    finally:
        connection.close()


def _render(rows: Sequence[Registration]) -> bytes:
    guests = (render_attendee(row) for row in rows)
    return _encode([_safe(getattr(guest, column)) for column in COLUMNS] for guest in guests)


def _encode(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def _safe(value: object) -> object:
    if isinstance(value, str):
        text = _FORMULA_BEHIND_SEMICOLON.sub(";'", value)
        return f"'{text}" if _FORMULA.match(text) else text
    return "" if value is None else value
