"""Drains that are killed in the middle of a batch, between any two of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.decision_log import entries_of, verifier
from tests.support.service.event import Event, open_event
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from worker.failpoints import DrainFailpoint, Failpoint

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak]

SEATS, GUESTS = 20, 30


@dataclass(frozen=True, slots=True)
class Crash:
    """An event whose drain was killed, and what was to be seen at that moment."""

    event: Event
    tickets: list[str]
    rows: int
    logged: int
    queued: int
    seen: list[dict[str, Any]]


@pytest.fixture(scope="module")
def crashes(one_service: Service) -> Mapping[Failpoint, Crash]:
    """One crash at every place. The dead drains' leases run out together, so the tests wait for them once."""
    one_service.heal()
    found = {failpoint: crash(one_service, failpoint) for failpoint in get_args(DrainFailpoint)}
    one_service.heal()
    return found


def crash(service: Service, failpoint: Failpoint) -> Crash:
    """Lets the drain of a new event come as far as `failpoint`, and kills it there."""
    event = open_event(service, capacity=SEATS)
    with service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(GUESTS))
        service.set_trap(failpoint)
    drain = service.trapped(failpoint)
    [other] = set(DRAINS) - {drain}
    # Looking takes longer than the lease on a slow machine, and then the other drain would go on with the event.
    with service.frozen(other):
        seen = [event.ticket(ticket) for ticket in tickets]
        found = Crash(event, tickets, len(event.rows()), len(entries_of(event)), event.queued(), seen)
    service.kill(drain)
    service.start_part(drain)
    return found


def test_before_the_commit_nothing_had_happened(crashes: Mapping[Failpoint, Crash]) -> None:
    found = crashes["drain.before_commit"]
    assert (found.rows, found.logged, found.queued) == (0, 0, GUESTS)
    assert {ticket["status"] for ticket in found.seen} == {"queued"}


def test_between_commit_and_publish_only_the_ledger_knew(crashes: Mapping[Failpoint, Crash]) -> None:
    found = crashes["drain.after_commit"]
    assert (found.rows, found.logged, found.queued) == (GUESTS, GUESTS + 2, GUESTS)
    assert {ticket["status"] for ticket in found.seen} == {"queued"}


def test_after_publishing_every_ticket_was_decided_and_no_entry_was_left(crashes: Mapping[Failpoint, Crash]) -> None:
    found = crashes["drain.after_publish"]
    assert (found.rows, found.logged, found.queued) == (GUESTS, GUESTS + 2, 0)
    assert [ticket["status"] for ticket in found.seen] == ["confirmed"] * SEATS + ["rejected"] * (GUESTS - SEATS)


@pytest.mark.parametrize("failpoint", get_args(DrainFailpoint))
def test_the_next_drain_finishes_what_a_killed_one_began(
    crashes: Mapping[Failpoint, Crash], failpoint: Failpoint
) -> None:
    found = crashes[failpoint]
    decided = [found.event.decided(ticket) for ticket in found.tickets]
    verify_ledger(found.event)
    assert [ticket["status"] for ticket in decided] == ["confirmed"] * SEATS + ["rejected"] * (GUESTS - SEATS)
    assert {ticket["reason"] for ticket in decided[SEATS:]} == {"sold_out"}
    assert len(found.event.rows()) == GUESTS
    assert len(entries_of(found.event)) == GUESTS + 2  # how the log begins
    proved = verifier(found.event)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    if failpoint == "drain.after_publish":
        assert decided == found.seen
    assert found.event.register("late").refusal == (409, "sold_out")
