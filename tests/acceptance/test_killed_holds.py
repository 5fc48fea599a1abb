"""Holds whose drain is killed while it ends or confirms them, compared with the naive model."""

from __future__ import annotations

import pytest

from rehearsal.records import Sizes
from tests.support.model_based.checker import settle
from tests.support.model_based.history import Drop
from tests.support.model_based.holds import confirm, run_out
from tests.support.model_based.records import Opening
from tests.support.service.processes import Service

pytestmark = [pytest.mark.acceptance, pytest.mark.promise]

HOLD = {"seconds": 86_400, "applies_to": "all", "confirmed_by": "organizer"}


@pytest.mark.soak(only=True)
def test_a_confirmation_and_the_ends_of_holds_outlive_the_drain_and_the_queue_that_have_them_in_hand(
    service: Service,
) -> None:
    """Two holds end together, so that their ends are likely to be one entry of the queue."""
    drop = Drop(service, Opening(Sizes(5, 4), types=(), code_uses=1, code_for=0, hold=HOLD))
    groups = enumerate((1, 2, 2, 2, 1, 1))
    tickets = [drop.register(guest, shout=False, key="", quantity=seats) or "" for guest, seats in groups]
    paid, *late = tickets[:3]
    settle(drop)
    service.set_trap("drain.before_commit")
    confirm(drop, paid)
    trapped = service.trapped("drain.before_commit")
    for ticket in late:
        run_out(drop, ticket)
    service.kill(trapped)
    service.set_trap("drain.before_commit")
    service.redis.delete(drop.event.keys.lease)
    service.start_missing()
    service.kill(service.trapped("drain.before_commit"), "valkey")
    service.heal()
    for ticket in late:
        confirm(drop, ticket)
    service.redis.delete(drop.event.keys.lease)
    settle(drop)
    assert [drop.tickets[ticket].status for ticket in tickets] == ["confirmed", *["expired"] * 2, *["held"] * 3]
