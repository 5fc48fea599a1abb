"""One event under test, and everything that was done to it; `checker.py` compares it with the model.

Every answer is remembered with the places between which it was given: `low`, which the stores had reached for certain
before the question, and `high`, the last one that was given out before the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from events.domain.seats import type_id_of
from events.domain.states import TRANSITIONS, Status
from rehearsal.records import Sizes
from tests.support.model_based.insisting import insist, patient
from tests.support.model_based.model import NO_TYPE, Claim, Model
from tests.support.model_based.records import Opening, Paid, Ticket
from tests.support.service.admitted import keep_admitted
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import Answer
from tests.support.service.processes import Service

LARGEST = 3  # seats of one registration

_FLOORS = count(1)  # no two types of an event have the same name


@dataclass
class Drop:
    """`settled` is the last place that all stores have shown for certain. `closing` are the last places that were given
    out before the organizer cancelled the event, and after that. `run_out` are holds whose time was made to be over.
    `types` are the ids of all ticket types that were ever seen, `sizes` what is sold when it opens."""

    service: Service
    opening: Opening
    event: Event = field(init=False)
    code: str = field(init=False)
    code_type: int = NO_TYPE
    settled: int = 0
    ended: bool = False
    closing: tuple[int, int] = (0, 0)
    over: bool = False
    end_ms: int = 0
    sizes: dict[int, Sizes] = field(default_factory=dict)
    types: list[int] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    given_back: dict[int, str] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    run_out: set[str] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)

    def __post_init__(self) -> None:
        size, types = self.opening.size, () if self.opening.late else self.opening.types
        hold = {"hold": self.opening.hold} if self.opening.hold else {}
        if types:
            seats, named = sum(found.seats for found in types), [new_type(found) for found in types]
            self.event = open_event(self.service, capacity=seats, ticket_types=named, **hold)
        else:
            sold = {"waitlist_capacity": size.waitlist, "max_quantity": LARGEST}
            self.event = open_event(self.service, capacity=size.seats, **sold, **hold)
        self.types = [type_id_of(self.event.id, number) for number, _ in enumerate(types, start=1)]
        self.sizes = dict(zip(self.types, types, strict=True)) or {NO_TYPE: size}
        self.code_type = dict(enumerate(self.types, start=1)).get(self.opening.code_for, NO_TYPE)
        fields = {"ticket_type": self.code_type} if self.code_type else {}
        self.code = self.event.make_code(uses=self.opening.code_uses, **fields)
        keep_admitted(self.event)

    @property
    def hold(self) -> dict[str, Any] | None:
        """How seats are set aside, if they are."""
        return self.opening.hold

    def type_of(self, number: int) -> int:
        """One of those that were ever sold, most often; else none, or one of another event."""
        known = [*(self.types or [NO_TYPE]) * 2, NO_TYPE, type_id_of(self.event.id + 1, 1)]
        return known[number % len(known)]

    # What people do

    def register(
        self, guest: int, *, shout: bool, key: str, quantity: int = 1, coded: bool = False, type_id: int = NO_TYPE
    ) -> str | None:
        """A group of so many, with the access code or without, insists until there is a ticket or a refusal.

        The ticket's id, if there is one.
        """
        low, after = self.settled, self.given()
        name = f"GUEST{guest}@Example.COM" if shout else f"guest{guest}@example.com"
        fields: dict[str, Any] = {"code": self.code} if coded else {}
        if type_id:
            fields["ticket_type"] = type_id
        ask = partial(self.event.register, guest, key=key, email=name, quantity=quantity, **fields)
        answer = insist(ask)
        if answer.status == 202:
            ticket_id = answer.data["ticket_id"]
            return self.keep(Ticket(ticket_id, name.lower(), after, ask, bool(key), quantity, coded, type_id))
        self.refused(answer, name.lower(), low, quantity, type_id)
        return None

    def keep(self, ticket: Ticket) -> str:
        """A ticket is given out to one. Its id."""
        assert self.tickets.setdefault(ticket.id, ticket) is ticket, "two people have one ticket"
        return ticket.id

    def register_again(self, ticket_id: str) -> None:
        """The same question under the same Idempotency-Key, if there was one."""
        if not self.tickets[ticket_id].keyed:
            return
        answer = insist(self.tickets[ticket_id].ask)
        assert (answer.status, answer.data["ticket_id"]) == (202, ticket_id)
        self.saw(ticket_id, answer.data["status"])

    def give_back(self, ticket_id: str) -> None:
        """Its holder insists until the cancellation is taken in, or there is nothing to cancel."""
        tries, was = 0, self.tickets[ticket_id].status

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
        if place is not None:
            self.given_back[place] = ticket_id
        elif tries == 1:
            assert answer.data["status"] in ("cancelled", "rejected", "expired"), (
                "nothing to cancel of a ticket that has a seat or waits"
            )

    def look(self, ticket_id: str) -> dict[str, Any]:
        """Reads a ticket, while a killed door comes back. Its status must not have run backwards."""
        answer = insist(partial(self.service.address.ask, "GET", f"/registrations/{ticket_id}"))
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.data
        self.saw(ticket_id, found["status"])
        ticket = self.tickets[ticket_id]
        assert ticket.sequence in (0, found["sequence"]), "a ticket's place has changed"
        assert found["quantity"] == ticket.quantity, "a group was split"
        ticket.sequence, ticket.reason = found["sequence"], found["reason"]
        ticket.type_id = found["ticket_type"] or NO_TYPE
        assert ticket.asked_type in (NO_TYPE, ticket.type_id), "a ticket of another type than was asked for"
        return found

    def at_once(self, *acts: partial[Any], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Several people at the same time. `meanwhile` runs in this thread: what it starts would die with another."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            coming = [pool.submit(act) for act in acts]
            meanwhile()
            for done in coming:
                done.result()

    # What was seen

    def saw(self, ticket_id: str, status: str, *, since: str = "") -> None:
        """`since` was known before the question: what two ask at once may be answered in one order and told in the
        other."""
        ticket = self.tickets[ticket_id]
        was = since or ticket.status
        assert status in (was, *_after(was)), f"a status ran backwards: {was}, then {status}"
        if status in _after(ticket.status):
            ticket.status = status

    def refused(self, answer: Answer, email: str, low: int, quantity: int, type_id: int) -> None:
        """Why a registration was not taken in, was true at some moment."""
        code, high = answer.json["code"], self.given()
        if code == "duplicate_registration":
            self.claim(low, lambda model: email in model.holders or self._in_line(email, low, high), "no duplicate")
        elif code == "code_invalid":
            refused = lambda model: self._is_of_no_use(model, quantity, type_id, low, high)  # noqa: E731
            self.claim(low, refused, "a code was refused too early")
        elif code == "sold_out":
            self.claim(low, lambda model: model.is_full(type_id, quantity), "sold out with places left")
        elif code == "invalid":
            self._invalid(list(answer.json["errors"]), low, quantity, type_id)
        else:
            assert (answer.refusal, self.ended or self.over) == ((409, "registration_closed"), True)

    def _invalid(self, fields: list[str], low: int, quantity: int, type_id: int) -> None:
        if fields == ["ticket_type"]:
            self.claim(low, lambda model: model.line_of(type_id) is None, "a type that is sold was not found")
        else:
            assert fields == ["quantity"]
            # Before an event got its types, the size that it was opened with counted; the model begins with the types.
            if self.opening.late and not low and self.opening.size.seats < quantity:
                return
            self.claim(low, partial(_is_too_large, quantity, type_id), "a group that fits was told that it does not")

    def _too_late(self, answer: Answer, ticket_id: str) -> None:
        """Only of a ticket that has a seat or waits, or was still to be decided."""
        low = self.settled
        assert answer.refusal == (409, "event_over")
        ticket = self.tickets[ticket_id]
        holds = lambda model: ticket_id in (*model.with_seats, *model.in_line) or ticket.sequence > low  # noqa: E731
        self.claim(low, holds, "a ticket without a place was told that the event is over")

    def _is_of_no_use(self, model: Model, quantity: int, type_id: int, low: int, high: int) -> bool:
        """Whether the code is for another type, or its tickets that had places then, or may have waited for their
        decision, leave too little."""
        if self.code_type not in (NO_TYPE, model.line_of(type_id)):
            return True
        waiting = [t for t in self.tickets.values() if t.coded and low < t.sequence <= high and t.id not in model.coded]
        return model.uses_taken + sum(ticket.quantity for ticket in waiting) + quantity > self.opening.code_uses

    def _in_line(self, email: str, low: int, high: int) -> bool:
        """Whether a ticket with this e-mail may have been waiting for its decision then."""
        return any(ticket.email == email and low < ticket.sequence <= high for ticket in self.tickets.values())

    def claim(self, low: int, holds: Any, text: str) -> None:
        self.claims.append(Claim(low, self.given(), holds, text))

    def given(self) -> int:
        """The last place in the order of admission that was given out."""
        return patient(self.event.places_given)


def new_type(size: Sizes) -> dict[str, Any]:
    """A ticket type as the organizer asks for it."""
    return {
        "name": f"Floor {next(_FLOORS)}",
        "capacity": size.seats,
        "waitlist_capacity": size.waitlist,
        "max_quantity": LARGEST,
    }


def _is_too_large(quantity: int, type_id: int, model: Model) -> bool:
    line = model.line_of(type_id)
    return line is not None and model.sizes[line].seats < quantity


def _after(status: str) -> set[Status]:
    """The statuses that may come after it; some in between may not have been seen."""
    following = TRANSITIONS[Status(status)]
    return {*following, *(later for one in following for later in _after(one))}
