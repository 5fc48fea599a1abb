"""A calendar to subscribe to (RFC 5545): the public events of an organizer, or of all.

Each entry keeps its `UID`, whatever changes of the event, the service's address or its secrets: it is made of the
event's id and of when it was created. Its `SEQUENCE` grows with the event's changes. The same events make the same
bytes, so that a client which has them is told so by its tag. Events that have ended are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar
from icalendar import Event as Entry

from events.domain.listed import Listed
from events.domain.times import from_ms

# RFC 7986, 5.7, and what older clients know.
REFRESH = timedelta(hours=1)
_NAMESPACE = UUID("8a2d3c53-5f0e-5a55-9d0c-6f6d6e696679")


def calendar_feed(events: Sequence[Listed], *, site: str) -> bytes:
    """Returns the calendar. `site` is the scheme and host that entries link to."""
    calendar = Calendar()
    calendar.add("prodid", "-//Omnify//Events//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        calendar.add_component(_entry(event, f"{site}/e/{event.event_id}"))
    content: bytes = calendar.to_ical()
    return content


def _entry(event: Listed, url: str) -> Entry:
    changed: datetime = from_ms(event.updated_ms)
    entry = Entry()
    entry.add("uid", str(uuid5(_NAMESPACE, f"{event.event_id} {event.created_ms}")))
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("sequence", event.revision)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    entry.add("dtstart", from_ms(event.start_ms))
    entry.add("dtend", from_ms(event.end_ms))
    entry.add("summary", event.name)
    entry.add("location", event.location)
    entry.add("url", url)
    return entry
