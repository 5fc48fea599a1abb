"""A ticket's event as an iCalendar file (RFC 5545), with the methods of RFC 5546: importing it again updates it.

status        CONFIRMED with a seat, TENTATIVE while waiting (the time stays free), CANCELLED once the ticket or the
              event is; the method is CANCEL then, which removes the entry (RFC 5546, 4.1.3)
sequence      grows with the event's changes, and with the ticket's status in between
uid           one for each ticket, so that two tickets in one calendar do not cancel each other; it is a digest of
              the ticket's id, which it does not reveal (RFC 7986, 5.3)
organizer     the site, since the organizer is not public
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from events.domain.public.event import Event
from events.domain.public.ticket import Ticket
from events.domain.times import from_iso
from omnify.common.asgi_types import Scope
from omnify.common.languages import Language

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
_NAMESPACE = UUID("5f0c4d0e-0f5a-5d0b-9c58-6f6d6e696679")
_STATUS = {"queued": "TENTATIVE", "waitlisted": "TENTATIVE", "confirmed": "CONFIRMED"}
# A ticket's status moves this way and never back.
_STEPS = ("TENTATIVE", "CONFIRMED", "CANCELLED")


def calendar_entry(ticket: Ticket, event: Event, *, site: str, now: datetime, language: Language) -> tuple[bytes, str]:
    """Returns the file and its method.

    It links to the event and not to the ticket: calendars are shared, and a ticket's address is its key.

    Args:
        site: scheme and host of the event's address, such as `https://tickets.example.org`.
    """
    status = "CANCELLED" if event.registration_state == "cancelled" else _STATUS.get(ticket.status, "CANCELLED")
    method = "CANCEL" if status == "CANCELLED" else "PUBLISH"
    calendar = Calendar()
    calendar.add("prodid", "-//Omnify//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    entry = _entry(ticket, event, status, f"{site}/e/{event.id}", now)
    name = language.gettext("Waiting: {event}", event=event.name) if status == "TENTATIVE" else event.name
    entry.add("summary", name)
    calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content, method


def site_of(scope: Scope, *, public_url: str) -> str:
    """Returns the site's scheme and host: `PUBLIC_URL` if it is set, otherwise from this request."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    return public_url or f"{scope.get('scheme', 'http')}://{host if _HOST.fullmatch(host) else 'localhost'}"


def _entry(ticket: Ticket, event: Event, status: str, url: str, now: datetime) -> Entry:
    entry = Entry()
    entry.add("uid", str(uuid5(_NAMESPACE, ticket.ticket_id)))
    entry.add("dtstamp", now)
    # Texts of one form sort as the times that they show.
    entry.add("last-modified", from_iso(max(event.updated_at, ticket.decided_at or "")))
    entry.add("sequence", len(_STEPS) * event.revision + _STEPS.index(status))
    entry.add("status", status)
    entry.add("transp", "OPAQUE" if status == "CONFIRMED" else "TRANSPARENT")
    entry.add("dtstart", from_iso(event.start_time))
    entry.add("dtend", from_iso(event.end_time))
    entry.add("location", event.location)
    entry.add("url", url)
    organizer = vCalAddress(url)
    organizer.params["CN"] = urlsplit(url).hostname or "localhost"
    entry.add("organizer", organizer)
    return entry
