"""An event as an iCalendar file (RFC 5545)."""

from __future__ import annotations

import re
from datetime import datetime

from icalendar import Calendar
from icalendar import Event as Entry

from events.pages.view import Event

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


def calendar_entry(event: Event, *, host: str, now: datetime) -> bytes:
    """The file. It links to the event and not to the ticket: calendars are shared, and a ticket's address is its key.

    The same event has the same UID whoever's ticket it came from, so that adding it twice does not show it twice.
    """
    site = host if _HOST.fullmatch(host) else "localhost"
    entry = Entry()
    entry.add("uid", f"event-{event.id}@{site}")
    entry.add("dtstamp", now)
    entry.add("dtstart", event.start_time)
    entry.add("dtend", event.end_time)
    entry.add("summary", event.name)
    entry.add("location", event.location)
    calendar = Calendar()
    calendar.add("prodid", "-//Omnify//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content
