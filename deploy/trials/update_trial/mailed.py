"""Guests of an event with mail, one after the other while the parts are replaced: each gets a ticket and one mail."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

PAUSE_SECONDS = 0.5
DECIDED_SECONDS = 30.0


class MailedGuests:
    """Registers until `stop`, through the balancer, with no request sent twice."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._owner = {"Authorization": f"Bearer {token}"}
        self.event_id = self._make_event()
        self.tickets: dict[str, str] = {}  # by ticket, the address
        self.problems: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._come, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Lets no further guest come."""
        self._over.set()
        self._thread.join()

    def undecided(self, seconds: float = DECIDED_SECONDS) -> list[str]:
        """Waits for all decisions, for `seconds` at most, and returns the tickets that are not confirmed."""
        until = time.monotonic() + seconds
        left = list(self.tickets)
        while left and time.monotonic() < until:
            left = [ticket for ticket in left if self._status(ticket) != "confirmed"]
        return left

    def _make_event(self) -> int:
        start = datetime.now(UTC) + timedelta(days=7)
        body = {
            "name": "Update trial, with mail",
            "location": "Here",
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(hours=1)).isoformat(),
            "max_capacity": 10_000,
            "mail": True,
        }
        made = self._client.post("/events", json=body, headers=self._owner).raise_for_status()
        return int(made.json()["data"]["id"])

    def _come(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            number = len(self.tickets) + len(self.problems)
            guest = {"name": f"Guest {number}", "email": f"guest{number}-{self.event_id}@update.example"}
            try:
                answer = self._client.post(f"/events/{self.event_id}/register", json=guest)
            except httpx.HTTPError as problem:
                self.problems.append(type(problem).__name__)
                continue
            if answer.status_code == 202:
                self.tickets[answer.json()["data"]["ticket_id"]] = guest["email"]
            else:
                whose = "a door" if b'"success"' in answer.content else "the balancer"
                self.problems.append(f"{answer.status_code} of {whose}")

    def _status(self, ticket: str) -> str:
        found: dict[str, Any] = self._client.get(f"/registrations/{ticket}").raise_for_status().json()
        return str(found["data"]["status"])
