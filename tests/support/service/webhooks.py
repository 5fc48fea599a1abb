"""Webhooks of a service under test: its organizer's subscriptions, and what its log says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.service.event import Event
from tests.support.service.http_client import JSON, Answer
from tests.support.service.processes import Service

TICKETS = [f"registration.{status}" for status in ("confirmed", "waitlisted", "rejected", "cancelled")]
ALL = [*TICKETS, "event.sold_out"]


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscription, or the default secret."""

    service: Service
    id: int
    secret: str

    def call(self, method: str, rest: str = "", body: Any = None) -> Answer:
        """Something under `/webhooks/{id}`."""
        return organizer_calls(self.service, method, f"/webhooks/{self.id}{rest}", body)

    def log(self) -> list[dict[str, Any]]:
        """Its deliveries, oldest first."""
        found: list[dict[str, Any]] = self.call("GET", "/deliveries?page_size=100").data["results"]
        return found[::-1]

    def now(self) -> dict[str, Any]:
        """The subscription."""
        found: dict[str, Any] = self.call("GET").data
        return found


def subscribe(event: Event, url: str, *, types: Sequence[str] = ALL) -> Hook:
    """A subscription for one event."""
    body = {"url": url, "event_types": list(types), "event_id": event.id}
    answer = organizer_calls(event.service, "POST", "/webhooks", body)
    assert answer.status == 201, answer.body
    return Hook(event.service, answer.data["id"], answer.data["secret"])


def default_secret(service: Service) -> Hook:
    """A new default secret of the organizer's."""
    answer = organizer_calls(service, "POST", "/webhooks/default-secret")
    assert answer.status == 200, answer.body
    return Hook(service, answer.data["id"], answer.data["secret"])


def organizer_calls(service: Service, method: str, path: str, body: Any = None) -> Answer:
    """A call with the organizer's token."""
    headers = {**JSON, "Authorization": f"Bearer {service.token()}"}
    return service.address.ask(method, path, None if body is None else json.dumps(body).encode(), headers)
