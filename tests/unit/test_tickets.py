"""Ticket ids: genuine ones are read back, everything else is refused."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from events.domain.tickets import KEY_CHARS, REF_CHARS, Tickets, ticket_ref

tickets = Tickets("a secret of the tests")
event_ids = st.integers(1, 10**18 - 1)


@given(event_ids)
def test_a_genuine_id_names_its_event_and_key(event_id: int) -> None:
    key = tickets.mint()
    ticket_id = tickets.ticket_id(event_id=event_id, key=key)
    assert tickets.parse(ticket_id) == (event_id, key)
    assert set(ticket_id) <= set(string.ascii_letters + string.digits + "-_")


@given(event_ids, st.data())
def test_an_id_with_any_character_changed_is_refused(event_id: int, data: st.DataObject) -> None:
    genuine = tickets.ticket_id(event_id=event_id, key=tickets.mint())
    at = data.draw(st.integers(0, len(genuine) - 1))
    other = data.draw(st.sampled_from(sorted(set(string.ascii_letters + string.digits + "-_.") - {genuine[at]})))
    assert tickets.parse(genuine[:at] + other + genuine[at + 1 :]) is None


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    assert tickets.parse(text) is None


def test_another_secret_refuses_the_id() -> None:
    ticket_id = tickets.ticket_id(event_id=7, key=tickets.mint())
    assert Tickets("another secret").parse(ticket_id) is None


def test_the_same_idempotency_key_derives_the_same_ticket_for_one_event_only() -> None:
    first = tickets.derive(event_id=7, idempotency_key="abc")
    assert first == tickets.derive(event_id=7, idempotency_key="abc")
    assert first != tickets.derive(event_id=8, idempotency_key="abc")
    assert first != Tickets("another secret").derive(event_id=7, idempotency_key="abc")
    assert len(first) == KEY_CHARS


def test_the_part_for_logs_leaves_72_bits_unknown() -> None:
    key = tickets.mint()
    assert ticket_ref(key) == key[:REF_CHARS]
    assert (KEY_CHARS - REF_CHARS) * 6 >= 72
