"""The values that examples show."""

from __future__ import annotations

import json
from typing import Any

TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
REFERENCE = "7-Zk3vB9qT"
CHECK_IN_CODE = f"{REFERENCE}-u2P0sYc8Jd5QmWb1Xo7Rt4Le"

EVENT_BODY = {
    "name": "Winter concert",
    "location": "Town hall",
    "max_capacity": 500,
    "start_time": "2030-12-01T19:00:00+01:00",
    "end_time": "2030-12-01T22:00:00+01:00",
    "registration_opens_at": "2030-11-01T10:00:00+01:00",
}

EVENT = {
    "id": 7,
    "name": "Winter concert",
    "location": "Town hall",
    "max_capacity": 500,
    "waitlist_capacity": 0,
    "start_time": "2030-12-01T18:00:00.000+00:00",
    "end_time": "2030-12-01T21:00:00.000+00:00",
    "registration_opens_at": "2030-11-01T09:00:00.000+00:00",
    "registration_closes_at": "2030-12-01T21:00:00.000+00:00",
    "confirmed_count": 120,
    "waitlisted_count": 0,
    "seats_left": 380,
    "registration_state": "open",
    "revision": 0,
    "updated_at": "2030-10-20T08:00:00.000+00:00",
}

ATTENDEE = {
    "ticket_id": TICKET_ID,
    "reference": REFERENCE,
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "confirmed_at": "2030-11-01T09:00:00.250+00:00",
    "sequence": 1,
    "checked_in_at": None,
    "reason": None,
}

STATS = {
    "queued": 3100,
    "confirmed": 120,
    "waitlisted": 0,
    "rejected": {
        "sold_out": 0,
        "duplicate": 4,
        "registration_closed": 0,
        "event_cancelled": 0,
        "invalid": 0,
    },
    "cancelled": 0,
    "checked_in": 0,
    "admitted_per_second": 9500.0,
    "decided_per_second": 4200.0,
    "oldest_queued_seconds": 0.7,
}

ACCEPTED = {
    "ticket_id": TICKET_ID,
    "event_id": 7,
    "status": "queued",
    "position": 42,
    "status_url": f"/registrations/{TICKET_ID}",
    "requested_at": "2030-11-01T09:00:00.100+00:00",
}

QUEUED = {
    "ticket_id": TICKET_ID,
    "reference": REFERENCE,
    "event_id": 7,
    "status": "queued",
    "reason": None,
    "position": 12,
    "sequence": 42,
    "requested_at": "2030-11-01T09:00:00.100+00:00",
    "decided_at": None,
    "check_in_code": None,
    "checked_in_at": None,
    "estimated_seconds": 1,
}

_DECIDED = {**QUEUED, "position": None, "decided_at": "2030-11-01T09:00:00.250+00:00"}
_DECIDED.pop("estimated_seconds")
CONFIRMED = {**_DECIDED, "status": "confirmed", "check_in_code": CHECK_IN_CODE}
REJECTED = {**_DECIDED, "status": "rejected", "reason": "sold_out"}
CANCELLING = {**CONFIRMED, "cancellation_sequence": 1042}
LOST = {**_DECIDED, "status": "lost", "decided_at": None}
WAITLISTED = {**_DECIDED, "status": "waitlisted", "position": 3}

STREAM = f"""retry: 2400
id: "q-2f1b6c9d0a7e4853"
data: {json.dumps(QUEUED)}

id: "c-9a0d4e7b5c318f62"
data: {json.dumps(CONFIRMED)}

"""

WEBHOOK = {
    "id": 3,
    "url": "https://example.org/hooks/omnify",
    "default_secret": False,
    "event_types": ["registration.confirmed", "registration.cancelled"],
    "event_id": None,
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2030-11-01T08:00:00.000+00:00",
}
SECRET = {"secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}

DELIVERY = {
    "id": 4711,
    "webhook_id": 3,
    "message_id": "msg_4711_5f0c9a1e",
    "type": "registration.confirmed",
    "event_id": 7,
    "ticket_id": TICKET_ID,
    "url": None,
    "state": "pending",
    "attempts": 1,
    "last_status_code": 503,
    "last_error": "bad_status",
    "last_attempt_at": "2030-11-01T09:00:00.300+00:00",
    "next_attempt_at": "2030-11-01T09:00:05.412+00:00",
    "created_at": "2030-11-01T09:00:00.250+00:00",
}


def page_example(path: str, item: dict[str, Any], *, cursor: str = "") -> dict[str, Any]:
    """The first of twelve pages."""
    following = f"{path}?page=2{cursor}"
    return {
        "total_items": 120,
        "total_pages": 12,
        "current_page": 1,
        "next_page": following,
        "previous_page": None,
        "results": [item],
    }
