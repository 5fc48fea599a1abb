"""What other programs show of an event's page: previews of links (Open Graph), search engines (schema.org).

The block of JSON-LD is data, which browsers do not run: `script-src` has nothing to say about it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from events.domain.public.event import Event
from events.domain.times import from_iso
from events.domain.zones import at_venue
from events.pages.markdown import as_summary

_SCHEMA = "https://schema.org"
# What a state says of seats, as shops say it of goods.
_AVAILABILITY = {
    "upcoming": "PreOrder",
    "open": "InStock",
    "waitlist": "SoldOut",
    "sold_out": "SoldOut",
    "closed": "OutOfStock",
}
# So that no text ends the block.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def preview(event: Event, *, public_url: str, when: str) -> dict[str, str]:
    """Returns what the head of the page tells: `url` only if `PUBLIC_URL` says it, never from the request's host."""
    url = f"{public_url}/e/{event.id}" if public_url else ""
    description = as_summary(event.description or "") or f"{when} · {event.location}"
    return {"url": url, "description": description, "json_ld": _as_block(_structured(event, url, description))}


def _structured(event: Event, url: str, description: str) -> dict[str, Any]:
    cancelled = event.registration_state == "cancelled"
    moved = None if cancelled else event.previous_start_time
    state = "EventCancelled" if cancelled else "EventRescheduled" if moved else "EventScheduled"
    found = {
        "@context": _SCHEMA,
        "@type": "Event",
        "name": event.name,
        "description": description,
        "startDate": _at_venue(event.start_time, event.timezone),
        "endDate": _at_venue(event.end_time, event.timezone),
        "previousStartDate": _at_venue(moved, event.timezone) if moved else "",
        "eventStatus": f"{_SCHEMA}/{state}",
        "location": {"@type": "Place", "name": event.location, "address": event.location},
        "maximumAttendeeCapacity": event.max_capacity,
        "offers": [] if cancelled else _offers(event, url),
        "url": url,
    }
    return {name: value for name, value in found.items() if value}


def _offers(event: Event, url: str) -> list[dict[str, str]]:
    """Returns an offer for each ticket type. None has a `price`: a type's is a text for people, in any form."""
    kinds = [(kind.name, kind.registration_state) for kind in event.ticket_types]
    terms = {"validFrom": event.registration_opens_at, "validThrough": event.registration_closes_at}
    links = {"url": url} if url else {}
    return [
        {"@type": "Offer", "name": name, "availability": f"{_SCHEMA}/{_AVAILABILITY[state]}", **terms, **links}
        for name, state in kinds or [(event.name, event.registration_state)]
    ]


def _at_venue(time: str, timezone: str) -> str:
    return at_venue(from_iso(time), timezone).isoformat(timespec="seconds")


def _as_block(data: dict[str, Any]) -> str:
    return msgspec.json.encode(data).decode().translate(_ESCAPED)
