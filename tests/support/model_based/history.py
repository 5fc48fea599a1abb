"""One event under test, and everything that was done to it; `checker.py` compares it with the model.

Every answer is remembered with the places between which it was given: `low`, which the stores had reached for certain
before the question, and `high`, the last one that was given out before the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from events.domain.states import TRANSITIONS, Status
from events.domain.times import to_ms
from tests.support.model_based.insisting import insist, patient
from tests.support.model_based.model import Claim, Model
from tests.support.model_based.records import GivenBack, Paid, Ticket
from tests.support.service.admitted import keep_admitted
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import Answer
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

_SIZES = {"capacity_below_confirmed": "below_confirmed", "capacity_below_waitlisted": "below_waitlisted"}
LARGEST = 3  # seats of one registration
MOMENT = timedelta(milliseconds=500)
_SIZE_CHANGES = """SELECT sequence, max_capacity, waitlist_capacity, verdict
FROM events_sizechange WHERE event_id = %s ORDER BY id"""


@dataclass
class Drop:
    """`settled` is the last place that all stores have shown for certain. `closing` are the last places that were given
    out before the organizer cancelled the event, and after that. `run_out` are holds whose time was made to be over."""

    service: Service
    seats: int
    waitlist: int
    uses: int
    hold: dict[str, Any] | None = None
    event: Event = field(init=False)
    code: str = field(init=False)
    settled: int = 0
    ended: bool = False
    closing: tuple[int, int] = (0, 0)
    over: bool = False
    end_ms: int = 0
    tickets: dict[str, Ticket] = field(default_factory=dict)
    given_back: list[GivenBack] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    run_out: set[str] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)

    def __post_init__(self) -> None:
        fields: dict[str, Any] = {"waitlist_capacity": self.waitlist, "max_quantity": LARGEST}
        if self.hold:
            fields["hold"] = self.hold
        self.event = open_event(self.service, capacity=self.seats, **fields)
        self.code = self.event.make_code(uses=self.uses)
        keep_admitted(self.event)

    # What people do

    def register(self, guest: int, *, shout: bool, key: str, quantity: int = 1, coded: bool = False) -> str | None:
        """A group of so many, with the access code or without, insists until there is a ticket or a refusal.

        The ticket's id, if there is one.
        """
        low, after = self.settled, self.given()
        name = f"GUEST{guest}@Example.COM" if shout else f"guest{guest}@example.com"
        fields = {"code": self.code} if coded else {}
        ask = partial(self.event.register, guest, key=key, email=name, quantity=quantity, **fields)
        answer = insist(ask)
        if answer.status == 202:
            ticket = Ticket(answer.data["ticket_id"], name.lower(), after, ask, bool(key), quantity, coded)
            assert self.tickets.setdefault(ticket.id, ticket) is ticket, "two people have one ticket"
            return ticket.id
        self._refused(answer, name.lower(), low, quantity)
        return None

    def register_again(self, ticket_id: str) -> None:
        """The same question under the same Idempotency-Key, if there was one."""
        if not self.tickets[ticket_id].keyed:
            return
        answer = insist(self.tickets[ticket_id].ask)
        assert (answer.status, answer.data["ticket_id"]) == (202, ticket_id)
        self.saw(ticket_id, answer.data["status"])

    def give_back(self, ticket_id: str) -> None:
        """Its holder insists until the cancellation is taken in, or there is nothing to cancel."""
        low, tries, was = self.given(), 0, self.tickets[ticket_id].status

        def once() -> Answer:
            nonlocal tries
            tries += 1
            return self.event.give_back(ticket_id)

        answer = insist(once)
        if self.over and answer.status == 409:
            self._too_late(answer, ticket_id)
            return
        assert answer.status == 202, answer
        place = answer.data["cancellation_sequence"]
        self.saw(ticket_id, answer.data["status"], since=was)
        if place is None and tries == 1:
            assert answer.data["status"] in ("cancelled", "rejected", "expired"), (
                "nothing to cancel of a ticket that has a seat or waits"
            )
        self.given_back.append(GivenBack(ticket_id, place, low, self.given(), tries > 1))

    def look(self, ticket_id: str) -> dict[str, Any]:
        """Reads a ticket. Its status must not have run backwards."""
        found = self.event.ticket(ticket_id)
        self.saw(ticket_id, found["status"])
        ticket = self.tickets[ticket_id]
        assert ticket.sequence in (0, found["sequence"]), "a ticket's place has changed"
        assert found["quantity"] == ticket.quantity, "a group was split"
        ticket.sequence, ticket.reason = found["sequence"], found["reason"]
        return found

    def at_once(self, *acts: partial[Any], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Several people at the same time. `meanwhile` runs in this thread: what it starts would die with another."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            coming = [pool.submit(act) for act in acts]
            meanwhile()
            for done in coming:
                done.result()

    # What the organizer does

    def resize(self, seats: int | None, waitlist: int | None) -> None:
        """PATCH. Only while a drain is at work: it waits for its turn."""
        low, before = self.settled, len(self.size_changes())
        sizes = {"max_capacity": seats, "waitlist_capacity": waitlist}
        answer = insist(partial(self.event.change, **{name: size for name, size in sizes.items() if size is not None}))
        decided = self.size_changes()[before:]
        if self.over and answer.status == 409:
            assert (answer.json["code"], {change[3] for change in decided} <= {"event_over"}) == ("event_over", True)
            return
        if answer.status == 200:
            assert all(size in (None, answer.data[name]) for name, size in sizes.items())
            assert {change[3] for change in decided} <= {"applied"}
            return
        verdict = _SIZES[answer.json["code"]]
        if decided:
            assert {change[3] for change in decided} == {verdict}
        else:
            self.claim(low, partial(_refuses, verdict, seats, waitlist), f"a resize was refused: {verdict}")

    def end(self) -> None:
        """POST cancel."""
        before, answer = self.given(), insist(self.event.cancel)
        if self.over and not self.ended:
            assert answer.refusal == (409, "event_over")
            return
        assert answer.status == 200
        if not self.ended:
            self.ended, self.closing = True, (before, self.given())

    def finish(self) -> None:
        """The event comes to its end, in a moment."""

        def once() -> datetime | None:
            now = datetime.now(UTC)
            end = (now + MOMENT).isoformat()
            answer = insist(partial(self.event.change, start_time=now.isoformat(), end_time=end, cancel_until=end))
            return now + MOMENT if answer.status == 200 else None  # 400: the answer took longer than that

        end = wait_until(once, "the event has an end")
        self.end_ms = to_ms(end)
        wait_until(lambda: datetime.now(UTC) > end, "the end has come")
        self.over = True

    # What was seen

    def saw(self, ticket_id: str, status: str, *, since: str = "") -> None:
        """`since` was known before the question: what two ask at once may be answered in one order and told in the
        other."""
        ticket = self.tickets[ticket_id]
        was = since or ticket.status
        assert status in (was, *_after(was)), f"a status ran backwards: {was}, then {status}"
        if status in _after(ticket.status):
            ticket.status = status

    def _refused(self, answer: Answer, email: str, low: int, quantity: int) -> None:
        code, high = answer.json["code"], self.given()
        if code == "duplicate_registration":
            self.claim(low, lambda model: email in model.holders or self._in_line(email, low, high), "no duplicate")
        elif code == "code_invalid":
            self.claim(low, lambda model: self._is_used_up(model, quantity, low, high), "a code was refused too early")
        elif code == "sold_out":
            self.claim(low, lambda model: model.is_full(quantity), "sold out with places left")
        elif code == "invalid":
            self.claim(low, lambda model: model.size.seats < quantity, "a group that fits was told that it does not")
        else:
            assert (answer.refusal, self.ended or self.over) == ((409, "registration_closed"), True)

    def _too_late(self, answer: Answer, ticket_id: str) -> None:
        """Only of a ticket that has a seat or waits, or was still to be decided."""
        low = self.settled
        assert answer.refusal == (409, "event_over")
        ticket = self.tickets[ticket_id]
        holds = lambda model: ticket_id in (*model.with_seats, *model.in_line) or ticket.sequence > low  # noqa: E731
        self.claim(low, holds, "a ticket without a place was told that the event is over")

    def _is_used_up(self, model: Model, quantity: int, low: int, high: int) -> bool:
        """Whether the code's tickets that had places then, or may have waited for their decision, leave too little."""
        waiting = [t for t in self.tickets.values() if t.coded and low < t.sequence <= high and t.id not in model.coded]
        return model.uses_taken + sum(ticket.quantity for ticket in waiting) + quantity > self.uses

    def _in_line(self, email: str, low: int, high: int) -> bool:
        """Whether a ticket with this e-mail may have been waiting for its decision then."""
        return any(ticket.email == email and low < ticket.sequence <= high for ticket in self.tickets.values())

    def claim(self, low: int, holds: Any, text: str) -> None:
        self.claims.append(Claim(low, self.given(), holds, text))

    def given(self) -> int:
        """The last place in the order of admission that was given out."""
        return patient(self.event.places_given)

    def size_changes(self) -> list[tuple[Any, ...]]:
        """Changes of sizes in order: sequence, seats, waitlist, verdict."""
        return self.service.rows(_SIZE_CHANGES, self.event.id)


def _after(status: str) -> set[Status]:
    """The statuses that may come after it; some in between may not have been seen."""
    following = TRANSITIONS[Status(status)]
    return {*following, *(later for one in following for later in _after(one))}


def _refuses(verdict: str, seats: int | None, waitlist: int | None, model: Model) -> bool:
    seats = model.size.seats if seats is None else seats
    return model.verdict(seats, model.size.waitlist if waitlist is None else waitlist) == verdict
