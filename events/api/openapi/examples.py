"""The values that examples show: those of the definitions, and variants of them."""

from __future__ import annotations

import json
from typing import Any

from events.domain.public.attendee import Attendee, OfflineList, Stats
from events.domain.public.definition import example
from events.domain.public.event import Event
from events.domain.public.receipt import Receipt
from events.domain.public.ticket import REFERENCE, AcceptedTicket, Ticket
from events.domain.public.webhook import Delivery, NewWebhook, Webhook

CHECK_IN_CODE = f"{REFERENCE}-u2P0sYc8Jd5QmWb1Xo7Rt4Le"
CHECKED_IN_AT = "2030-12-01T17:42:10.120+00:00"

EVENT_BODY = {
    "name": "Winter concert",
    "location": "Town hall",
    "max_capacity": 500,
    "start_time": "2030-12-01T19:00:00+01:00",
    "end_time": "2030-12-01T22:00:00+01:00",
    "registration_opens_at": "2030-11-01T10:00:00+01:00",
}

EVENT = example(Event)
ATTENDEE = example(Attendee)
STATS = example(Stats)
OFFLINE_LIST = example(OfflineList)

ACCEPTED = example(AcceptedTicket)
RECEIPTED = {**ACCEPTED, "receipt": example(Receipt)}
QUEUED = example(Ticket)
_DECIDED = {**QUEUED, "position": None, "decided_at": "2030-11-01T09:00:00.250+00:00"}
_DECIDED.pop("estimated_seconds")
CONFIRMED = {**_DECIDED, "status": "confirmed", "check_in_code": CHECK_IN_CODE}
REJECTED = {**_DECIDED, "status": "rejected", "reason": "sold_out"}
CANCELLING = {**CONFIRMED, "cancellation_sequence": 1042}
HELD = {**_DECIDED, "status": "held", "expires_at": "2030-11-01T09:10:00.250+00:00"}
CONFIRMING = {**HELD, "confirmation_sequence": 1043}
LOST = {**_DECIDED, "status": "lost", "decided_at": None}
WAITLISTED = {**_DECIDED, "status": "waitlisted", "position": 3}

STREAM = f"""retry: 2400
id: "q-2f1b6c9d0a7e4853"
data: {json.dumps(QUEUED)}

id: "c-9a0d4e7b5c318f62"
data: {json.dumps(CONFIRMED)}

"""

WEBHOOK = example(Webhook)
NEW_WEBHOOK = example(NewWebhook)
DELIVERY = example(Delivery)


def page_example(path: str, item: dict[str, Any], *, cursor: str = "") -> dict[str, Any]:
    """Builds the first of twelve pages."""
    following = f"{path}?page=2{cursor}"
    return {
        "total_items": 120,
        "total_pages": 12,
        "current_page": 1,
        "next_page": following,
        "previous_page": None,
        "results": [item],
    }
