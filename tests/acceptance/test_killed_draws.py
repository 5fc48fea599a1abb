"""A draw whose worker is killed in the middle of it, at one step after the other, on a running service."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import get_args

import pytest

from tests.support.service.crowd import Crowd
from tests.support.service.decision_log import decided, entries_of, verifier
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.soak import SOAK, amount
from tests.support.waiting import wait_until
from verify.omnify_verify import REVEAL, SEAL
from worker.failpoints import DrainFailpoint

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak(only=True)]

# More than one transaction gives seats to; in a soak also more than one finds the places of.
GUESTS = amount(1100, soak=5200)
SEATS, POSITIONS = 400, 300
# Where the workers are killed: with this number of guests once in each step of the draw but the last.
BRIEFLY: tuple[DrainFailpoint, ...] = (
    *("drain.after_commit", "drain.after_publish", "drain.after_commit"),
    *("drain.before_commit", "drain.after_publish"),
)
_PROGRESS = "SELECT seed <> '', ranked, drawn_count FROM events_draw WHERE event_id = %s"


def entered_event(service: Service) -> tuple[Event, list[str]]:
    """An event whose draw is still to come, and who is in it. A machine that is too busy for all of them to come in
    before the draw gets more time."""
    for seconds in (8, 40, 120):
        at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        event = open_event(service, capacity=SEATS, waitlist_capacity=POSITIONS, admission="draw", draw_at=at)
        crowd = Crowd(event, GUESTS).start()
        crowd.join()
        tickets = crowd.tickets()
        decided(event, len(tickets))
        if len(tickets) == GUESTS and not entries_of_kind(event, SEAL):
            return event, tickets
    raise AssertionError("the guests could not register in time")


def entries_of_kind(event: Event, kind: int) -> list[bytes]:
    return [entry for entry in entries_of(event) if entry[0] == kind]


def kill_until_it_is_held(service: Service, event: Event) -> list[tuple[bool, bool, int]]:
    """Kills the worker that is at the draw, wherever it comes to: how far the draw was each time."""
    found = []
    for failpoint in itertools.cycle(get_args(DrainFailpoint)) if SOAK else BRIEFLY:
        service.set_trap(failpoint)
        trapped = service.trapped(failpoint, unless=lambda: event.public()["draw_state"] == "drawn")
        if not trapped:
            return found
        found += service.rows(_PROGRESS, event.id)
        service.kill(trapped)
        # What it held runs out, and the next sweep wakes another.
        service.redis.delete(event.keys.lease, event.keys.wake)
        service.start_part(trapped)
    return found


def test_a_draw_goes_on_from_the_same_seed_whenever_its_worker_is_killed(service: Service) -> None:
    event, tickets = entered_event(service)
    killed_at = kill_until_it_is_held(service, event)
    service.heal()
    wait_until(lambda: event.public()["draw_state"] == "drawn", "the draw is held")
    assert {(True, False, 0), (True, True, 0)} < set(killed_at), "killed while places are found, and before the first"
    assert any(0 < given < GUESTS for *_, given in killed_at), "killed between two who give seats"
    [reveal], [seal] = entries_of_kind(event, REVEAL), entries_of_kind(event, SEAL)
    seed = sha256(reveal[25:57] + seal[25:57]).digest()
    order = sorted(tickets, key=lambda ticket: sha256(seed + sha256(ticket.encode()).digest()).digest())
    winners, waiting, rest = order[:SEATS], order[SEATS : SEATS + POSITIONS], order[SEATS + POSITIONS :]
    wait_until(lambda: event.queued() == 0, "the queue is empty")
    found = dict(zip(tickets, event.tickets(tickets), strict=True))
    assert {found[ticket]["status"] for ticket in winners} == {"confirmed"}
    assert [found[ticket]["position"] for ticket in waiting] == list(range(1, POSITIONS + 1))
    assert {found[ticket]["reason"] for ticket in rest} == {"not_drawn"}
    checked = verifier(event)
    assert checked.returncode == 0, checked.stdout + checked.stderr
