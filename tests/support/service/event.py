"""One event of a service under test: what its guests ask at the door, and what the stores hold about it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from events.admission.keys import EventKeys, event_keys
from tests.support.service.http_client import JSON, Answer, ask_on
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

TERMINAL = {"confirmed", "rejected", "cancelled", "lost"}


class Row(NamedTuple):
    """One registration in the ledger."""

    sequence: int
    status: str
    reason: str
    email: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event that was made through the API."""

    service: Service
    id: int
    capacity: int

    @property
    def path(self) -> str:
        return f"/events/{self.id}"

    @property
    def keys(self) -> EventKeys:
        return event_keys(self.id)

    # At the door

    def register(self, guest: int | str, *, key: str = "", **fields: Any) -> Answer:
        """A guest's registration, with an Idempotency-Key if `key` is given."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com", **fields}
        return self.service.address.post(f"{self.path}/register", body, headers)

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Any bytes where a registration belongs."""
        return self.service.address.ask("POST", f"{self.path}/register", body, JSON if headers is None else headers)

    def admit(self, *guests: int | str) -> list[str]:
        """Ticket ids of guests who each get their 202."""
        answers = [self.register(guest) for guest in guests]
        assert [answer.status for answer in answers] == [202] * len(guests)
        return [answer.data["ticket_id"] for answer in answers]

    def public(self) -> dict[str, Any]:
        """The event as every client sees it, and as the door judges by it: a moment behind the ledger."""
        data: dict[str, Any] = self.service.address.ask("GET", self.path).data
        return data

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """Where a ticket stands."""
        answer = self.service.address.ask("GET", f"/registrations/{ticket_id}")
        assert answer.status == 200, answer
        data: dict[str, Any] = answer.data
        return data

    def tickets(self, ticket_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Where many tickets stand. They are read on one connection."""
        with contextlib.closing(self.service.address.connection()) as connection:
            return [ask_on(connection, "GET", f"/registrations/{ticket_id}").data for ticket_id in ticket_ids]

    def statuses(self, ticket_ids: list[str]) -> list[str]:
        """Where tickets stand now."""
        return [self.ticket(ticket_id)["status"] for ticket_id in ticket_ids]

    def decided(self, ticket_id: str) -> dict[str, Any]:
        """The ticket, once it has a status that is the last."""
        return self.all_decided([ticket_id])[ticket_id]

    def all_decided(self, ticket_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Tickets by their ids, once each has a status that is the last. They are read on one connection."""
        connection = self.service.address.connection()

        def look(ticket_id: str) -> dict[str, Any] | None:
            answer = ask_on(connection, "GET", f"/registrations/{ticket_id}")
            assert answer.status == 200, answer
            return answer.data if answer.data["status"] in TERMINAL else None

        with contextlib.closing(connection):
            return {ticket: wait_until(partial(look, ticket), f"ticket {ticket} is decided") for ticket in ticket_ids}

    def give_back(self, ticket_id: str) -> Answer:
        """A holder cancels."""
        return self.service.address.ask("DELETE", f"/registrations/{ticket_id}")

    def confirm(self, ticket_id: str, payment_reference: str = "", *, as_organizer: bool = False) -> Answer:
        """A hold is confirmed by its holder, or by the organizer."""
        body = json.dumps({"payment_reference": payment_reference}).encode()
        headers = {**JSON, **(self._token() if as_organizer else {})}
        return self.service.address.ask("POST", f"/registrations/{ticket_id}/confirm", body, headers)

    # From its organizer

    def change(self, **fields: Any) -> Answer:
        """PATCH."""
        body = json.dumps(fields).encode()
        return self.service.address.ask("PATCH", self.path, body, {**JSON, **self._token()})

    def make_code(self, *, uses: int, **fields: Any) -> str:
        """A new access code, which lets in at once."""
        body = json.dumps({"count": 1, "uses": uses, **fields}).encode()
        answer = self.service.address.ask("POST", f"{self.path}/codes", body, {**JSON, **self._token()})
        [code] = answer.data["codes"]
        return str(code)

    def cancel(self) -> Answer:
        """The end of the event before its time."""
        return self.service.address.ask("POST", f"{self.path}/cancel", None, self._token())

    def attendees(self) -> list[dict[str, Any]]:
        """The first hundred of the attendee list."""
        answer = self.service.address.ask("GET", f"{self.path}/attendees?page_size=100", None, self._token())
        found: list[dict[str, Any]] = answer.data["results"]
        return found

    def add(self, body: dict[str, Any], *, key: str) -> Answer:
        """A guest of the organizer's."""
        headers = {**self._token(), "Idempotency-Key": key}
        return self.service.address.post(f"{self.path}/attendees", body, headers)

    def correct(self, ticket_id: str, **fields: Any) -> Answer:
        """Another name or e-mail for a guest."""
        path, body = f"{self.path}/attendees/{ticket_id}", json.dumps(fields).encode()
        return self.service.address.ask("PATCH", path, body, {**JSON, **self._token()})

    def take_back(self, ticket_id: str) -> Answer:
        """The organizer cancels a guest's ticket."""
        return self.service.address.ask("DELETE", f"{self.path}/attendees/{ticket_id}", None, self._token())

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.service.token()}"}

    # In the stores

    def queued(self) -> int:
        """Entries in the queue."""
        return int(self.service.redis.xlen(self.keys.queue))

    def noted(self) -> int:
        """Fields in `pending`: a ticket and an e-mail for each entry."""
        return int(self.service.redis.hlen(self.keys.pending))

    def places_given(self) -> int:
        """The last place in the order of admission that the door has given out."""
        return int(self.service.redis.hget(self.keys.state, "seq") or 0)

    def confirmed_count(self) -> int:
        """The ledger's counter."""
        return int(self.service.rows("SELECT confirmed_count FROM events_event WHERE id = %s", self.id)[0][0])

    def rows(self) -> list[Row]:
        """The event's registrations in the order they were decided in."""
        query = "SELECT sequence, status, reason, email_key FROM events_registration WHERE event_id = %s ORDER BY id"
        return [Row(*row) for row in self.service.rows(query, self.id)]


def open_event(service: Service, *, capacity: int = 1000, **fields: Any) -> Event:
    """An event made as an organizer makes it."""
    start = datetime.now(UTC) + timedelta(days=30)
    body = {
        "name": "Evening",
        "location": "Hall",
        **({} if "ticket_types" in fields else {"max_capacity": capacity}),
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=3)).isoformat(),
        **fields,
    }
    answer = service.address.post("/events", body, {"Authorization": f"Bearer {service.token()}"})
    assert answer.status == 201, json.loads(answer.body)
    return Event(service, answer.data["id"], capacity)
