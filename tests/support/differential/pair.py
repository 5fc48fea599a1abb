"""Two services with one setting apart, each with stores of its own, and the same in both: secrets, events, tickets.

What a case needs is prepared once, in the same order in both, so that ids are the same. Then the drains end: nothing
but the cases changes anything, and a ticket that was admitted stays queued, whatever the machine does meanwhile.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg2

from events.admission.keys import event_keys
from tests.support.differential.conversation import Store
from tests.support.service.event import Event, open_event
from tests.support.service.parts import start_together
from tests.support.service.processes import Service
from tests.support.soak import amount
from tests.support.waiting import wait_until

# The limits of both services: low enough to be reached, high enough to be in no other case's way.
ADDRESS_QUOTA = 60
REFUSAL_QUOTA = 3
QUEUE_LIMIT = 70
SETTINGS = {
    "WEB_WORKERS": "1",
    "REGISTER_RATE_LIMIT": f"{ADDRESS_QUOTA}/hour",
    "REFUSAL_RATE_LIMIT": f"{REFUSAL_QUOTA}/hour",
    "EVENT_QUEUE_LIMIT": str(QUEUE_LIMIT),
    "TRUSTED_PROXIES": "1",
    # With an origin behind TLS, every answer carries Strict-Transport-Security.
    "CSRF_TRUSTED_ORIGINS": "https://tickets.example.org",
    # And those of the hot routes speak of the page that asks.
    "CORS_ALLOWED_ORIGINS": "https://shop.example,https://tickets.example.org",
}
PARTS = ("valkey", "postgres", "web", "drain-1")
# The event that those of the cases are copies of; their ids start further on, so that all have as many digits.
_FIRST = 1
FIRST_EVENT = 1001
# `/metrics` names them all, and tests look at it again and again.
_AT_ONCE = amount(200, soak=1000)
_PAUSE_MS = 3500  # shorter than an admission is valid (4 s)
# Two windows of a limit must not lie between what two services do at the same time.
_CLEAR_OF_THE_HOUR_SECONDS = 3.0

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Ids that are the same in both services: events that take no registrations, and tickets by their status."""

    closed: int
    sold_out: int
    not_open: int
    confirmed: str
    rejected: str
    waitlisted: str
    cancelled: str
    held: str

    @property
    def tickets(self) -> tuple[str, ...]:
        """Those of every status."""
        return self.confirmed, self.rejected, self.waitlisted, self.cancelled, self.held


@dataclass
class Side:
    """One of the two services."""

    service: Service
    prepared: Prepared = field(init=False)

    def store(self, event: int) -> Store:
        """What steps do to its Valkey."""
        redis: Any = self.service.redis

        def await_call() -> None:
            wait_until(self.service.admission_is_held, "a call to Valkey is under way")

        return Store(
            hold=lambda: redis.client_pause(_PAUSE_MS, all=False),
            await_call=await_call,
            release=redis.client_unpause,
            forget=lambda: redis.delete(event_keys(event).state),
        )


class Pair:
    """`fast` with the fast path, `slow` without."""

    def __init__(self) -> None:
        self.fast, self.slow = (Side(Service(PARTS, FAST_PATH=mode, **SETTINGS)) for mode in ("on", "off"))
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._ids = itertools.count(FIRST_EVENT)
        self._made = FIRST_EVENT - 1

    def start(self) -> None:
        """Starts both, and prepares the same in both."""
        start_together(self.fast.service, self.slow.service)
        self.fast.prepared, self.slow.prepared = self.in_both(lambda side: _prepare(side.service))
        assert self.fast.prepared == self.slow.prepared
        for side in (self.fast, self.slow):
            side.service.stop_part("drain-1")

    def close(self) -> None:
        """Ends both."""
        self._pool.shutdown()
        for side in (self.fast, self.slow):
            side.service.close()

    def in_both(self, work: Callable[[Side], Found]) -> tuple[Found, Found]:
        """Does the same to both at the same time; what `fast` gave, and what `slow` gave."""
        _wait_for_the_next_hour()
        fast, slow = (self._pool.submit(work, side) for side in (self.fast, self.slow))
        return fast.result(), slow.result()

    def new_event(self) -> int:
        """The id of an open event in both, which Valkey knows."""
        event_id = next(self._ids)
        if event_id > self._made:
            self._made += _AT_ONCE
            self.in_both(lambda side: _make_events(side.service, range(event_id, event_id + _AT_ONCE)))
        return event_id


def running_pair() -> Iterator[Pair]:
    """A pair for all cases of a run."""
    pair = Pair()
    try:
        pair.start()
        yield pair
    finally:
        pair.close()


def _prepare(service: Service) -> Prepared:
    service.redis.config_set("notify-keyspace-events", "")
    _copied(service)
    opens = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    closed, not_open = open_event(service), open_event(service, registration_opens_at=opens)
    one_seat, with_waitlist = open_event(service, capacity=1), open_event(service, capacity=1, waitlist_capacity=9)
    offering = open_event(service, hold={"seconds": 604_800, "confirmed_by": "holder", "applies_to": "all"})
    confirmed, rejected = (_ticket(one_seat, guest) for guest in (1, 2))
    _, waitlisted, cancelled = (_ticket(with_waitlist, guest) for guest in (1, 2, 3))
    held = _ticket(offering, 1)
    assert with_waitlist.give_back(cancelled).status == 202
    assert closed.cancel().status == 200
    for ticket, status in (
        (confirmed, "confirmed"),
        (rejected, "rejected"),
        (waitlisted, "waitlisted"),
        (held, "held"),
    ):
        _wait_for(one_seat, ticket, status)
    _wait_for(with_waitlist, cancelled, "cancelled")
    return Prepared(closed.id, one_seat.id, not_open.id, confirmed, rejected, waitlisted, cancelled, held)


def _wait_for(event: Event, ticket: str, status: str) -> None:
    wait_until(lambda: event.ticket(ticket)["status"] == status, f"a ticket is {status}")


def _copied(service: Service) -> Event:
    event = open_event(service)
    assert event.id == _FIRST
    return event


def _ticket(event: Event, guest: int) -> str:
    """A ticket with a key, so that its id and its code are the same in both services."""
    answer = event.register(guest, key=f"prepared-{guest}")
    assert answer.status == 202
    ticket_id: str = answer.data["ticket_id"]
    return ticket_id


def _make_events(service: Service, ids: range) -> None:
    """Copies of the first event in both stores, without a request for each."""
    _copy_rows(service, ids)
    keys = event_keys(_FIRST)
    service.address.ask("GET", f"/events/{_FIRST}")
    redis: Any = service.redis
    state, expires_ms = redis.hgetall(keys.state), redis.pttl(keys.state)
    snapshot, own = state[b"snapshot"], b'"event_id":%d,'
    assert own % _FIRST in snapshot
    with redis.pipeline(transaction=False) as together:
        for event_id in ids:
            name = event_keys(event_id).state
            together.hset(name, mapping={**state, b"snapshot": snapshot.replace(own % _FIRST, own % event_id)})
            together.pexpire(name, expires_ms)
        together.execute()


def _copy_rows(service: Service, ids: range) -> None:
    [(columns,)] = service.rows(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
        " WHERE table_name = 'events_event' AND column_name <> 'id'"
    )
    insert = f"INSERT INTO events_event (id, {columns}) SELECT n, {columns}"
    connection = psycopg2.connect(service.superuser_url())
    connection.autocommit = True
    connection.cursor().execute(
        f"{insert} FROM events_event, generate_series(%s, %s) n WHERE id = %s", (ids.start, ids.stop - 1, _FIRST)
    )
    connection.close()


def _wait_for_the_next_hour() -> None:
    left = 3600 - time.time() % 3600
    if left < _CLEAR_OF_THE_HOUR_SECONDS:
        time.sleep(left)
