"""What an operator could do to a running service's database by hand, and what the stand-alone verifier says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.service.decision_log import Entries, change_by_hand, decided, rewrite, run_verifier, verifier
from tests.support.service.drains import drains_stopped
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.waiting import wait_until
from verify.omnify_verify import CONFIRMED

pytestmark = pytest.mark.acceptance

# Entries of the log below: begin, terms, two with a seat, two who wait, a cancellation, the promotion of the first.
FIRST, SECOND, HEAD, FRIEND, PROMOTED = 2, 3, 4, 5, 7
TICKET = slice(30, 62)  # in a registration


def drop(service: Service) -> Event:
    """Two seats for four guests, one of which was given back."""
    event = open_event(service, capacity=2, waitlist_capacity=5)
    first, *_ = event.admit(1, 2, 3, 4)
    decided(event, 4)
    assert event.give_back(first).status == 202
    wait_until(lambda: [row.status for row in event.rows()].count("cancelled") == 1, "the seat was given back")
    return event


def with_outcome(entries: Entries, at: int, outcome: int) -> Entries:
    entries[at] = entries[at][:1] + bytes([outcome]) + entries[at][2:]
    return entries


def without(entries: Entries, at: int) -> Entries:
    return entries[:at] + entries[at + 1 :]


def swapped(entries: Entries, at: int) -> Entries:
    entries[at : at + 2] = reversed(entries[at : at + 2])
    return entries


def slipped_in(entries: Entries) -> Entries:
    """A friend with a seat, before all others, under an address of his own."""
    friend = bytearray(entries[FIRST])
    friend[TICKET], friend[62:78] = bytes(32), bytes(range(16))
    return [*entries[:FIRST], bytes(friend), *entries[FIRST:]]


def friend_promoted(entries: Entries) -> Entries:
    entries[PROMOTED] = entries[PROMOTED][:27] + entries[FRIEND][TICKET]
    return entries


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        pytest.param(lambda entries: with_outcome(entries, HEAD, CONFIRMED), "rule 5", id="altered"),
        pytest.param(lambda entries: without(entries, SECOND), "rule 5", id="removed"),
        pytest.param(lambda entries: swapped(entries, FIRST), "rule 3", id="swapped"),
        pytest.param(slipped_in, "rule 3", id="slipped in"),
        pytest.param(friend_promoted, "rule 4", id="a friend promoted"),
    ],
)
def test_a_log_that_was_changed_and_signed_anew_breaks_a_rule(
    service: Service, attack: Callable[[Entries], Entries], told: str
) -> None:
    event = drop(service)
    rewrite(event, attack)
    found = verifier(event)
    assert (found.returncode, "NOT AS IT MUST BE" in found.stdout, told in found.stdout) == (1, True, True)


def test_an_honest_log_is_right_and_an_entry_that_is_altered_behind_its_signature_is_not(service: Service) -> None:
    event = drop(service)
    honest = verifier(event)
    assert (honest.returncode, "every decision is the only one" in honest.stdout) == (0, True), honest.stdout
    change_by_hand(
        event, "UPDATE events_decisionlogchunk SET entries = set_byte(entries, 25, 7) WHERE log_id = %s", event.id
    )
    found = verifier(event)
    assert (found.returncode, "not those that the checkpoint was signed for" in found.stdout) == (1, True)


def test_a_friend_who_was_promoted_in_the_tables_is_told_by_the_next_decision(service: Service) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    _, _, friend = event.admit(1, 2, 3)
    decided(event, 3)
    move = "UPDATE events_registration SET status = %s WHERE event_id = %s AND email = %s"
    change_by_hand(event, move, "cancelled", event.id, "guest1@example.com")
    change_by_hand(event, move, "confirmed", event.id, "guest3@example.com")
    change_by_hand(event, "UPDATE events_event SET waitlisted_count = 1 WHERE id = %s", event.id)
    assert event.give_back(friend).status == 202
    wait_until(lambda: [row.status for row in event.rows()].count("cancelled") == 2, "the friend's seat moved on")
    found = verifier(event)
    assert (found.returncode, "rule 4" in found.stdout) == (1, True)


def test_a_capacity_that_was_exceeded_for_a_moment_is_found(service: Service) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    event.admit(1)
    decided(event, 1)
    change_by_hand(event, "UPDATE events_event SET max_capacity = 2 WHERE id = %s", event.id)
    event.admit(2)
    decided(event, 2)
    found = verifier(event)
    assert (found.returncode, "rule 2: sizes that no entry has made" in found.stdout) == (1, True)


def receipt(event: Event, guest: int) -> dict[str, Any]:
    body = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com"}
    answer = event.service.address.post(f"{event.path}/register", body, {"Prefer": "receipt"})
    assert (answer.status, answer.headers["preference-applied"]) == (202, "receipt")
    told: dict[str, Any] = answer.data["receipt"]
    return told


def test_a_sequence_that_was_promised_twice_is_proved_by_the_two_receipts(service: Service, tmp_path: Path) -> None:
    event = open_event(service)
    with drains_stopped(service):
        mine = receipt(event, 1)
        # The entry goes, and its sequence is given to a friend.
        service.redis.delete(event.keys.queue, event.keys.pending)
        service.redis.hset(event.keys.state, "seq", 0)
        friends = receipt(event, 2)
    decided(event, 1)
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps([mine, friends]), "utf-8")
    evidence = tmp_path / "evidence"
    found = verifier(event, "--receipts", str(kept), "--evidence", str(evidence))
    assert (found.returncode, mine["sequence"], friends["sequence"]) == (1, 1, 1)
    told = f"two tickets were promised sequence 1 of event {event.id}"
    assert told in found.stdout
    # What was saved says the same to anyone, without the service.
    alone = run_verifier(evidence, event.id, "--receipts", str(evidence / "receipts.json"))
    assert (alone.returncode, told in alone.stdout) == (1, True), alone.stdout + alone.stderr
    assert verifier(event).returncode == 0, "without the receipts nothing is wrong with it"


@pytest.mark.soak(only=True)
def test_a_fork_that_is_shown_to_half_the_readers_is_found_by_all_who_follow_or_compare(
    service: Service, tmp_path: Path
) -> None:
    event = drop(service)
    follower, late = tmp_path / "follower", tmp_path / "late"
    assert verifier(event, "--mirror", str(follower)).returncode == 0
    assert verifier(event, "--mirror", str(follower)).returncode == 0

    def other_guest(entries: Entries) -> Entries:
        last = bytearray(entries[FRIEND])
        last[TICKET] = bytes(32)
        return [*entries[:FRIEND], bytes(last), *entries[FRIEND + 1 :]]

    rewrite(event, other_guest)
    # Who comes late sees one history that follows the rules, until the two compare.
    assert verifier(event, "--mirror", str(late)).returncode == 0
    found = verifier(event, "--mirror", str(follower))
    assert (found.returncode, "FORKED" in found.stdout, "rewritten" in found.stdout) == (3, True, True)
    assert len(list(follower.glob("fork-*.checkpoint"))) == 1
    compared = verifier(event, "--since", str(follower / "checkpoint"))
    assert (compared.returncode, "rewritten" in compared.stdout) == (1, True)
