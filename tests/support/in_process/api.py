"""What the API's tests share: an organizer's client, events, attendees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from events.models import Event, Organizer, OrganizerToken, Registration

# Of an attendee, in the contract's order.
ATTENDEE_FIELDS = [
    *("ticket_id", "reference", "name", "email", "quantity", "ticket_type", "confirmed_at", "sequence"),
    *("checked_in_at", "checked_in_quantity", "reason", "expires_at", "status", "code_id", "code_hint"),
]


@dataclass(frozen=True)
class Caller:
    """A caller with a token, or without one."""

    organizer: Organizer | None = None
    token: str | None = None

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer; `body` is sent as JSON, bytes as they are."""
        if self.token:
            headers = {"authorization": f"Bearer {self.token}", **headers}
        content = {} if body is None else {"data": body, "content_type": "application/json"}
        # A failure inside a view must come back as a 500, as it would for a client.
        return Client(raise_request_exception=False).generic(method, path, headers=headers, **_encoded(content))

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)


ANYONE = Caller()


def organizer(name: str = "acme") -> Caller:
    """A new organizer with a token."""
    made = Organizer.objects.create(name=name)
    return Caller(made, OrganizerToken.issue(made))


def body(**changes: Any) -> dict[str, Any]:
    """A valid body of `POST /events`."""
    start = timezone.now() + timedelta(days=30)
    times = {"start_time": start.isoformat(), "end_time": (start + timedelta(hours=2)).isoformat()}
    return {"name": "Concert", "location": "Town hall", "max_capacity": 100, **times, **changes}


def create(caller: Caller, **changes: Any) -> int:
    """A new event's id."""
    answer = caller.post("/events", body(**changes))
    assert answer.status_code == 201, answer.content
    return int(answer.json()["data"]["id"])


def attend(event_id: int, count: int, *, status: str = "confirmed", first: int = 1, **fields: Any) -> None:
    """Decided registrations, as the drain would leave them."""
    now = timezone.now()
    rows = [
        Registration(
            event_id=event_id,
            ticket_key=f"{status[:1]}{number:019d}",
            name=fields.get("name", f"Name {number}"),
            email=f"{status}{number}@example.com",
            email_key=f"{status}{number}@example.com",
            status=status,
            sequence=number * 3,  # gaps are legal
            requested_at=now,
            decided_at=now,
            confirmed_at=now if status == "confirmed" else None,
        )
        for number in range(first, first + count)
    ]
    Registration.objects.bulk_create(rows)
    if status == "confirmed":
        Event.objects.filter(pk=event_id).update(confirmed_count=first + count - 1)


def _encoded(content: dict[str, Any]) -> dict[str, Any]:
    from msgspec import json

    data = content.get("data")
    if data is None:
        return content
    return {**content, "data": data if isinstance(data, bytes) else json.encode(data)}
