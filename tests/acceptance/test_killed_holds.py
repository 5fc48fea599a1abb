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


def test_a_confirmation_and_the_end_of_a_hold_outlive_the_drain_that_has_them_in_hand(service: Service) -> None:
    drop = Drop(service, Opening(Sizes(3, 3), types=(), code_uses=1, code_for=0, hold=HOLD))
    groups = enumerate((1, 2, 2, 1))
    tickets = [drop.register(guest, shout=False, key="", quantity=seats) or "" for guest, seats in groups]
    paid, late, *_ = tickets
    settle(drop)
    service.set_trap("drain.before_commit")
    confirm(drop, paid)
    run_out(drop, late)
    service.kill(service.trapped("drain.before_commit"))
    confirm(drop, late)
    service.redis.delete(drop.event.keys.lease)
    service.heal()
    settle(drop)
    assert [drop.tickets[ticket].status for ticket in tickets] == ["confirmed", "expired", "held", "waitlisted"]
