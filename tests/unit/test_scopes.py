"""What each scope sees of a row: a field that has no rule yet stays hidden from the entrance."""

from __future__ import annotations

from events.domain.audit import FAILURE_SLOTS, failure_slot
from events.domain.scopes import Scope, guest_fields, without_keys

ROW: dict[str, object] = {"ticket_id": "1-x", "reference": "1-ab", "name": "Guest 1", "email": "a@b.c", "new": 1}


def test_the_entrance_sees_no_field_that_it_was_not_given() -> None:
    assert guest_fields(ROW, Scope.CHECK_IN) == {"reference": "1-ab", "name": "Guest 1"}


def test_a_reader_sees_all_but_the_key() -> None:
    assert guest_fields(ROW, Scope.READ) == without_keys(ROW, Scope.READ)
    assert "ticket_id" not in guest_fields(ROW, Scope.READ)
    assert guest_fields(ROW, Scope.FULL) == ROW


def test_failures_of_one_minute_share_few_slots() -> None:
    slots = {failure_slot(where="admin", address=f"192.0.2.{n}", now_seconds=30.0) for n in range(250)}
    assert len(slots) == FAILURE_SLOTS
    one = {"where": "admin", "address": "192.0.2.1"}
    assert failure_slot(**one, now_seconds=0) == failure_slot(**one, now_seconds=59)
    assert failure_slot(**one, now_seconds=0) != failure_slot(**one, now_seconds=60)
