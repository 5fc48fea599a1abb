"""The entries of many registrations are made together; each is what it would be alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from events.domain.allocation import LedgerView, Seats
from events.domain.commands import Request
from events.domain.decision_log.entries import commitment
from events.domain.decision_log.merkle import leaf_hash
from events.ledger.decision_log.entry_maker import EntryMaker, LogBatch
from events.ledger.plan import make_plan
from events.secrets import tickets
from tests.support.decision_log import EVENT, unframe

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MAILBOX, TICKET = slice(-16, None), slice(-48, -16)


def asked(*addresses: str) -> list[Request]:
    mark = tickets().mark
    return [
        Request(tickets().mint(), f"Guest {n}", address, address, n, 1, mark=mark)
        for n, address in enumerate(addresses, 1)
    ]


def made(requests: list[Request], mailbox_key: bytes = bytes(32)) -> list[bytes]:
    maker = EntryMaker(EVENT, mailbox_key)
    seats = Seats(capacity=100, confirmed=0)
    plan = make_plan(seats=seats, commands=requests, ledger=LedgerView(), now=NOW, maker=maker)
    return list(unframe(plan.log_batch.framed))


def test_many_registrations_have_the_entries_that_each_of_them_has_alone() -> None:
    requests = asked(*(f"guest{n}@example.org" for n in range(20)))
    together = made(requests)
    assert together == [entry for request in requests for entry in made([request])]
    assert len(set(together)) == 20


def test_an_entry_names_its_ticket_by_the_hash_of_the_id_that_was_given_out() -> None:
    requests = asked("a@example.org", "b@example.org")
    given_out = [tickets().ticket_id(event_id=EVENT, key=one.key, mark=one.mark) for one in requests]
    assert [entry[TICKET] for entry in made(requests)] == [commitment(one.encode()) for one in given_out]


def test_one_mailbox_has_one_digest_in_an_event_and_none_once_addresses_are_erased() -> None:
    first, other, again = made(asked("a@example.org", "b@example.org", "a@example.org"))
    assert first[MAILBOX] != other[MAILBOX]
    assert again[MAILBOX] == first[MAILBOX] != bytes(16)
    assert {entry[MAILBOX] for entry in made(asked("a@example.org", "b@example.org"), b"")} == {bytes(16)}


@pytest.mark.parametrize("entries", [[], [b"alone"], [b"first", b"other"], [b"first", b"a longer one", b"other"]])
def test_a_batch_keeps_entries_of_any_length_apart(entries: list[bytes]) -> None:
    batch = LogBatch.of(entries)
    assert list(unframe(batch.framed)) == entries
    assert batch.leaves == [leaf_hash(entry) for entry in entries]
