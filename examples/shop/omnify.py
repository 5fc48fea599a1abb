"""The five calls that a shop makes to Omnify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

TYPES = ["held", "expired", "confirmed", "waitlisted", "rejected", "cancelled"]


class Refused(Exception):
    """Omnify said no. `code` is for programs, the text for people."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.code: str = body["code"]


class Omnify:
    """Calls the API with an organizer's token. Calls raise Refused, or httpx.HTTPError without an answer."""

    def __init__(self, *, url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=10.0, trust_env=False
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def create_event(self, *, name: str, seats: int, hold_seconds: int) -> int:
        """Creates an event whose seats are held for so long, until the shop confirms them."""
        start = datetime.now(UTC) + timedelta(days=7)
        body = {
            "name": name,
            "location": "Main hall",
            "max_capacity": seats,
            "waitlist_capacity": seats,
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(hours=3)).isoformat(),
            "hold": {"seconds": hold_seconds, "confirmed_by": "organizer", "applies_to": "all"},
        }
        return int(self._ask("POST", "/events", json=body)["id"])

    def subscribe(self, *, url: str, event_id: int) -> str:
        """Subscribes to what happens to the event's tickets. Returns the secret that the messages are signed with."""
        types = [f"registration.{kind}" for kind in TYPES]
        made = self._ask("POST", "/webhooks", json={"url": url, "event_types": types, "event_id": event_id})
        return str(made["secret"])

    def register(self, *, event_id: int, name: str, email: str, key: str) -> str:
        """Registers a buyer; the same `key` again is the same ticket. Returns the ticket's id."""
        body = {"name": name, "email": email}
        made = self._ask("POST", f"/events/{event_id}/register", json=body, headers={"Idempotency-Key": key})
        return str(made["ticket_id"])

    def confirm(self, ticket_id: str, *, payment_reference: str) -> None:
        """Says that the seat is paid. The same reference again is no error. Raises Refused `not_held` if it is late."""
        self._ask("POST", f"/registrations/{ticket_id}/confirm", json={"payment_reference": payment_reference})

    def cancel(self, ticket_id: str) -> None:
        """Gives the seat to the next in line."""
        self._ask("DELETE", f"/registrations/{ticket_id}")

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        response = self._client.request(method, path, **request)
        if 400 <= response.status_code < 500 and response.status_code != 429:
            raise Refused(response.json())
        response.raise_for_status()
        return response.json()["data"]
