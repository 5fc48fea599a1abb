"""A machine that does to a real service whatever people, organizers and bad days do, in any order, and compares it
with a naive model that carries the same commands out one by one in the order of admission.

A few short examples in every run, always the same ones. `make soak` runs 60 others while it has time,
`OMNIFY_MODEL_EXAMPLES=200` that many, and both make a failure small, which takes its time.
"""

from __future__ import annotations

import os
import secrets
import signal
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rehearsal.records import Sizes
from tests.conftest import find_leaks
from tests.support.model_based import organizer
from tests.support.model_based.acts import Acts
from tests.support.model_based.checker import settle
from tests.support.model_based.draws import HOLDS, changes, guests, numbers, sizes
from tests.support.model_based.history import LARGEST, Drop
from tests.support.model_based.holds import confirm, run_out
from tests.support.model_based.records import Change, Opening
from tests.support.service.processes import Service
from tests.support.soak import SOAK, amount, time_is_over

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak]

EXAMPLES = int(os.environ.get("OMNIFY_MODEL_EXAMPLES") or amount(0, soak=60))
AT_ONCE, FEW = 10, 4
SETTINGS = settings(
    max_examples=AT_ONCE if EXAMPLES else FEW,
    stateful_step_count=25,
    derandomize=not EXAMPLES,
    phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
# A drain that is killed with an event in hand keeps it for as long as its lease lasts, which is what takes time here.
DISASTERS = 2


class Machine(Acts):
    """One event of a service that outlives it.

    Which tickets there are depends on who was quicker, so they are drawn as numbers, and looked up when it comes to it.
    """

    @initialize(
        size=sizes,
        types=st.lists(sizes, max_size=3),
        late=st.booleans(),
        uses=st.integers(1, 4),
        code_for=st.integers(0, 3),
        hold=st.sampled_from(HOLDS),
        early=st.lists(guests, min_size=3, unique=True),
    )
    def an_event_opens(
        self,
        size: Sizes,
        types: list[Sizes],
        late: bool,
        uses: int,
        code_for: int,
        hold: dict[str, object] | None,
        early: list[int],
    ) -> None:
        late = late and len(types) == 2
        self.drop = Drop(self.service, Opening(size, tuple(types), uses, code_for, hold, late))
        self.rush(early, [], "", (), *([partial(organizer.give_types, self.drop)] if late else []))

    @rule(
        guest=guests,
        shout=st.booleans(),
        keyed=st.booleans(),
        quantity=st.integers(1, LARGEST),
        coded=st.booleans(),
        kind=numbers,
    )
    def a_guest_registers(self, guest: int, shout: bool, keyed: bool, quantity: int, coded: bool, kind: int) -> None:
        self.steps += 1
        key, type_id = secrets.token_hex(8) if keyed else "", self.drop.type_of(kind)
        self.drop.register(guest, shout=shout, key=key, quantity=quantity, coded=coded, type_id=type_id)

    @rule(several=st.lists(guests, min_size=2, max_size=8))
    def many_register_at_once(self, several: list[int]) -> None:
        self.steps += 1
        self.rush(several, [])

    @rule(number=numbers)
    def a_guest_asks_for_a_ticket(self, number: int) -> None:
        for ticket in self.pick([number]):
            self.drop.look(ticket)

    @rule(number=numbers)
    def a_guest_registers_again_with_the_same_key(self, number: int) -> None:
        for ticket in self.pick([number]):
            self.drop.register_again(ticket)

    @rule(number=numbers, times=st.integers(1, 2))
    def a_guest_cancels(self, number: int, times: int) -> None:
        for ticket in self.pick([number]) * times:
            self.drop.give_back(ticket)

    @rule(number=numbers, again=st.booleans())
    def a_guest_with_a_seat_or_on_the_waitlist_cancels(self, number: int, again: bool) -> None:
        for ticket in self.drop.tickets:
            self.drop.look(ticket)
        for ticket in self.pick([number], "held", "confirmed", "waitlisted"):
            self.drop.give_back(ticket)
            if again:
                given = self.drop.tickets[ticket]
                self.drop.register(int(given.email[5]), shout=False, key="", type_id=given.type_id)

    @precondition(lambda self: self.drop.hold)
    @rule(number=numbers, other=st.booleans(), twice=st.booleans())
    def a_ticket_is_confirmed(self, number: int, other: bool, twice: bool) -> None:
        for ticket in self.pick([number]):
            confirm(self.drop, ticket)
            if twice:
                confirm(self.drop, ticket, other=other)

    @precondition(lambda self: self.drop.hold)
    @rule(number=numbers, paid=st.sampled_from(["before", "after", "never"]))
    def a_held_seat_runs_out(self, number: int, paid: str) -> None:
        for ticket in self.drop.tickets:
            self.drop.look(ticket)
        for ticket in self.pick([number], "held"):
            if paid == "before":
                confirm(self.drop, ticket)
            run_out(self.drop, ticket)
            if paid == "after":
                confirm(self.drop, ticket)

    @rule(
        several=st.lists(guests, max_size=5),
        leaving=st.lists(numbers, min_size=1, max_size=4),
        ending=st.lists(numbers, max_size=4),
        asked=st.none() | changes,
    )
    def many_come_and_go_at_once(
        self, several: list[int], leaving: list[int], ending: list[int], asked: Change | None
    ) -> None:
        self.steps += 1
        gone = self.pick(leaving, "queued", "held", "confirmed", "waitlisted")
        self.rush(several, gone, "", self.end(ending), *self.changed(asked))

    @rule(guest=guests, quantity=st.integers(1, LARGEST), beyond=st.booleans(), kind=numbers)
    def the_organizer_adds_a_guest(self, guest: int, quantity: int, beyond: bool, kind: int) -> None:
        organizer.add_guest(self.drop, guest, quantity=quantity, beyond=beyond, type_id=self.drop.type_of(kind))

    @rule(number=numbers, guest=guests, taken_back=st.booleans())
    def the_organizer_acts_on_a_guest(self, number: int, guest: int, taken_back: bool) -> None:
        for ticket in self.pick([number], "held", "confirmed", "waitlisted") or self.pick([number]):
            if taken_back:
                organizer.take_back(self.drop, ticket)
            elif not self.paused:
                organizer.correct(self.drop, ticket, guest)

    @precondition(lambda self: not self.paused and not self.drop.ended)
    @rule(asked=changes)
    def the_organizer_changes_sizes_or_types(self, asked: Change) -> None:
        organizer.change(self.drop, asked)

    @precondition(lambda self: not self.paused and self.steps > 3)
    @rule(at_rest=st.booleans())
    def the_organizer_cancels_the_event(self, at_rest: bool) -> None:
        if at_rest:
            settle(self.drop)
        organizer.end(self.drop)

    @precondition(lambda self: self.steps > 3 and not self.paused and not self.drop.ended and not self.drop.over)
    @rule()
    def the_event_comes_to_its_end(self) -> None:
        organizer.finish(self.drop)

    @precondition(lambda self: not self.paused)
    @rule()
    def the_drains_stop(self) -> None:
        self.signal_drains(signal.SIGSTOP)
        self.paused = True

    @precondition(lambda self: self.paused)
    @rule()
    def the_drains_go_on(self) -> None:
        self.signal_drains(signal.SIGCONT)
        self.paused = False
        self.service.heal()

    @precondition(lambda self: not self.paused)
    @rule()
    def everything_comes_to_rest(self) -> None:
        settle(self.drop)

    @precondition(lambda self: self.disasters < DISASTERS)
    @rule(
        several=st.lists(guests, min_size=1, max_size=8),
        leaving=st.lists(numbers, max_size=1),
        ending=st.lists(numbers, max_size=4),
        asked=st.none() | changes,
        struck=st.sampled_from(["drain-1", "drain-2", "valkey", "web", "postgres"]),
    )
    def something_is_killed_under_a_crowd(
        self, several: list[int], leaving: list[int], ending: list[int], asked: Change | None, struck: str
    ) -> None:
        self.disasters += 1
        self.rush(several, self.pick(leaving), struck, self.end(ending), *self.changed(asked))
        if not self.paused:  # drains that stand still do not count as ready
            self.service.heal()

    def changed(self, asked: Change | None) -> list[partial[None]]:
        """A change that the organizer makes in a crowd, if it can take its turn."""
        waits = asked is None or self.paused or self.drop.ended
        return [] if waits or asked is None else [partial(organizer.change, self.drop, asked)]

    def teardown(self) -> None:
        self.signal_drains(signal.SIGCONT)
        self.service.heal()
        if hasattr(self, "drop"):
            settle(self.drop)
        leaked = find_leaks(self.service.redis)
        assert not leaked, f"Redis keys without TTL or owner: {leaked}"


# Hypothesis makes a failure smaller for five minutes at most.
@pytest.mark.timeout(1800 if SOAK else 600 + 60 * EXAMPLES)
def test_whatever_happens_the_service_ends_as_the_model_does(service: Service) -> None:
    """In portions, since between two of them it can be told to end."""
    for _ in range(max(1, EXAMPLES // AT_ONCE)):
        run_state_machine_as_test(lambda: Machine(service), settings=SETTINGS)  # type: ignore[no-untyped-call]
        if time_is_over():
            break
