"""The organizer's API calls: create the event, read counts, list the attendees.

The service may be restarting, so reading calls are repeated for `patience` seconds.
"""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from events.domain.webhooks.message import TYPE_OF_STATUS
from rehearsal.http import trusted
from rehearsal.records import Attendee, CodeCounts, EventCounts, Sizes, Stats

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
PAUSE = 0.2

T = TypeVar("T")


class Unusable(Exception):
    """The rehearsal cannot run: no service, no token, or a bad option. The message is one line for the user."""


class CreatedEvent(NamedTuple):
    """The event's id, and the sizes of its ticket types by id."""

    id: int
    types: dict[int, Sizes]


class Organizer:
    """Calls the API with the organizer's token. A reading call raises Unusable after `patience` seconds."""

    def __init__(self, *, url: str, token: str, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            trust_env=False,
            verify=trusted(),
        )

    def __enter__(self) -> Organizer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._client.close()

    def create_event(
        self,
        *,
        name: str,
        seats: int,
        waitlist: int,
        lasts: timedelta,
        types: int = 0,
        most: int = 1,
        codes: bool = False,
        hold: int = 0,
    ) -> CreatedEvent:
        """Creates an event that is open at once, whose ticket types, if any, share seats and waitlist evenly.

        With a `hold` each seat is set aside for so many seconds, until the organizer confirms it.
        """
        start = datetime.now(UTC) + lasts
        body: dict[str, Any] = {
            "name": name,
            "location": "Rehearsal",
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(hours=1)).isoformat(),
            # Its people are invented, and their addresses may be someone's.
            "mail": False,
        }
        if codes:
            body["access"] = "code"
        if hold:
            body["hold"] = {"seconds": hold, "confirmed_by": "organizer", "applies_to": "all"}
        if types:
            parts = zip(_shares(seats, types), _shares(waitlist, types), strict=True)
            body["ticket_types"] = [
                {"name": f"Type {number}", "capacity": part, "waitlist_capacity": places, "max_quantity": most}
                for number, (part, places) in enumerate(parts, start=1)
            ]
        else:
            body |= {"max_capacity": seats, "waitlist_capacity": waitlist}
            if most > 1:
                body["max_quantity"] = most
        try:
            response = self._client.post("/events", json=body)
        except httpx.HTTPError as problem:
            raise Unusable(f"no service responds at {self._url} ({problem})") from problem
        if response.status_code == 401:
            raise Unusable(f"the service at {self._url} refuses this organizer token")
        data = _data(response, expected=201)
        made = data.get("ticket_types", [])
        return CreatedEvent(data["id"], {one["id"]: Sizes(one["capacity"], one["waitlist_capacity"]) for one in made})

    def make_codes(self, event_id: int, *, count: int, uses: int) -> list[str]:
        """Makes access codes of an event."""
        response = self._client.post(f"/events/{event_id}/codes", json={"count": count, "uses": uses})
        return [str(code) for code in _data(response, expected=201)["codes"]]

    def codes(self, event_id: int) -> list[CodeCounts]:
        """Reads the counts of an event's access codes, in the order in which they were made."""
        return self._with_retries(lambda: self._codes(event_id))

    def subscribe(self, *, url: str, event_id: int | None) -> tuple[int, str]:
        """Creates a webhook for all changes of tickets, of one event or of all. Returns its id and its secret."""
        types = [kind.value for kind in TYPE_OF_STATUS.values()]
        data = _data(
            self._client.post("/webhooks", json={"url": url, "event_types": types, "event_id": event_id}), expected=201
        )
        return int(data["id"]), str(data["secret"])

    def unsubscribe(self, webhook_id: int) -> None:
        """Deletes the webhook, if the service responds; no more messages are expected."""
        with contextlib.suppress(httpx.HTTPError):
            self._client.delete(f"/webhooks/{webhook_id}")

    def counts(self, event_id: int) -> EventCounts:
        return self._with_retries(lambda: self._event(event_id))

    def try_counts(self, event_id: int) -> EventCounts | None:
        """Returns the event's counts, or None if the service does not respond."""
        try:
            return self._event(event_id)
        except (httpx.HTTPError, Unusable):
            return None

    def stats(self, event_id: int) -> Stats:
        return self._with_retries(lambda: msgspec.convert(_data(self._client.get(f"/events/{event_id}/stats")), Stats))

    def attendees(self, event_id: int) -> list[Attendee]:
        """Reads the attendee list, streamed as CSV, in the service's order."""
        return self._with_retries(lambda: self._attendees(event_id))

    def _event(self, event_id: int) -> EventCounts:
        return msgspec.convert(_data(self._client.get(f"/events/{event_id}", timeout=5.0)), EventCounts)

    def _codes(self, event_id: int) -> list[CodeCounts]:
        found = _data(self._client.get(f"/events/{event_id}/codes", params={"page_size": 100}))["results"]
        return [msgspec.convert(code, CodeCounts) for code in reversed(found)]

    def _attendees(self, event_id: int) -> list[Attendee]:
        with self._client.stream("GET", f"/events/{event_id}/attendees", params={"format": "csv"}) as response:
            if response.status_code != 200:
                response.read()
                _data(response)
            lines = response.iter_lines()
            # The file begins with a byte order mark, for spreadsheets.
            rows = csv.DictReader(chain((next(lines, "").removeprefix("\ufeff"),), lines))
            return [msgspec.convert(row, Attendee, strict=False) for row in rows]

    def _with_retries(self, read: Callable[[], T]) -> T:
        until = time.monotonic() + self._patience
        while True:
            try:
                return read()
            except msgspec.ValidationError as problem:
                raise Unusable(f"a response does not match the contract: {problem}") from problem
            except (httpx.HTTPError, Unusable) as problem:
                if time.monotonic() > until:
                    raise Unusable(str(problem)) from problem
            time.sleep(PAUSE)


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def _data(response: httpx.Response, *, expected: int = 200) -> Any:
    """Returns the `data` of a response. Raises Unusable, with the service's message."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    if response.status_code != expected or "data" not in body:
        path = response.request.url.path
        said = body.get("message") or "no JSON"
        raise Unusable(f"{response.request.method} {path} answered {response.status_code}: {said}")
    return body["data"]
