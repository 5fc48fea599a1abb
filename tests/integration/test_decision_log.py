"""The decision log on a real database: what the drain writes, what readers get, and what a changed row gives away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.admission.commands import enqueue_closing, enqueue_resize
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.domain import allocation
from events.domain.commands import Cancellation, Request
from events.domain.decision_log.merkle import Tree, leaf_hash
from events.domain.decision_log.notes import NoteSigner
from events.domain.states import Reason
from events.ledger import batch_context
from events.ledger.decision_log.read import log_head
from events.ledger.queries import event_snapshot
from events.ledger.retention import anonymise_event
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from events.services.decision_log import signer
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import check, chunks, commit, id_of, rebuild, registration, rewrite
from tests.support.in_process.drain import Crash, crash_at, people, statuses
from verify.omnify_verify import (
    CANCELLATION,
    CONFIRMED,
    PROMOTION,
    REGISTRATION,
    RESIZE,
    Broken,
    open_checkpoint,
    read_key,
)
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of other tests had the same numbers: what was signed of them is not remembered here."""
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path))


def problem(event: Event) -> str:
    try:
        return check(event).problem
    except Broken as found:
        return str(found)


def signer_of(event: Event) -> NoteSigner:
    head = log_head(event.pk)
    assert head is not None
    return signer(head.origin, head.key)


def equal_to_ledger(event: Event) -> bool:
    """Whether the log has the ledger's seats, and the head is the tree of the entries."""
    event.refresh_from_db()
    found = check(event)
    [line] = found.replay.lines.values()
    rows = Registration.objects.filter(event=event).count()
    same = (line.taken, line.waiting) == (event.confirmed_count + event.held_count, event.waitlisted_count)
    return same and len(found.replay.tickets) == rows and not found.problem


def test_what_a_drain_decides_is_in_the_log_and_follows_the_rules(
    make_event: Make, admit: Admit, give_back: Any, drain: Drain
) -> None:
    event = make_event(max_capacity=3, waitlist_capacity=2)
    keys = people(admit, event, 6)
    drain.run(event.pk)
    give_back(event, keys[0])
    enqueue_resize(drain.queue._client, event_snapshot(event), key="R" * 20, max_capacity=4)
    drain.run(event.pk)
    found = check(event)
    assert (found.problem, found.replay.earlier, found.replay.unread) == ("", 0, 0)
    counts = found.replay.counts
    assert [counts[kind] for kind in (REGISTRATION, CANCELLATION, PROMOTION, RESIZE)] == [6, 1, 2, 1]
    assert equal_to_ledger(event)


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_crash_at_any_place_leaves_the_log_equal_to_the_ledger(
    make_event: Make, admit: Admit, drain: Drain, failpoint: Failpoint
) -> None:
    event = make_event(max_capacity=3, waitlist_capacity=9)
    people(admit, event, 2)
    drain.run(event.pk)
    people(admit, event, 5, first=10)
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
    assert equal_to_ledger(event)
    drain.run(event.pk)
    assert equal_to_ledger(event)
    assert len(statuses(event)) == 7


def test_a_large_change_and_the_end_of_an_event_are_in_the_log_step_by_step(
    make_event: Make, admit: Admit, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (allocation, batch_context):
        monkeypatch.setattr(module, "MOVES_AT_ONCE", 2)
    event = make_event(max_capacity=1, waitlist_capacity=9)
    people(admit, event, 8)
    drain.run(event.pk)
    enqueue_resize(drain.queue._client, event_snapshot(event), key="R" * 20, max_capacity=7)
    drain.run(event.pk)
    found = check(event)
    assert (found.problem, found.replay.counts[RESIZE], found.replay.counts[PROMOTION]) == ("", 3, 6)
    Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
    enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)
    people(admit, event, 1, first=20)
    drain.run(event.pk)
    assert (check(event).problem, check(event).replay.counts[CANCELLATION]) == ("", 8)
    assert equal_to_ledger(event)


def test_an_entry_that_cannot_be_read_stands_in_its_turn(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    people(admit, event, 1)
    redis_client.xadd(event_keys(event.pk).queue, {"t": "P" * 20, "r": "1700000000000", "p": b"\xff"}, id="2-0")
    redis_client.hset(event_keys(event.pk).state, "seq", 2)
    people(admit, event, 1, first=5)
    drain.run(event.pk)
    found = check(event)
    assert (found.problem, found.replay.unread) == ("", 1)
    assert equal_to_ledger(event)


def test_a_batch_that_is_written_one_by_one_is_logged_one_by_one(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    bad = msgspec.structs.replace(registration(2), name="\0")
    commit(event, [registration(1), bad, registration(3)])
    found = check(event)
    # SQLite stores any text; PostgreSQL does not.
    stored = bad.name in Registration.objects.filter(event=event).values_list("name", flat=True)
    assert (found.problem, found.replay.unread, len(chunks(event))) == (("", 0, 1) if stored else ("", 1, 3))
    assert equal_to_ledger(event)


def test_a_ticket_that_is_known_already_is_not_logged_twice(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    requests = [registration(1), registration(2)]
    commit(event, requests)
    commit(event, [*requests, registration(3)])
    assert check(event).replay.counts[REGISTRATION] == 3
    assert equal_to_ledger(event)


def test_the_log_names_no_one(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    request = registration(1)
    commit(event, [request])
    written = b"".join(bytes(chunk.entries) for chunk in chunks(event))
    for told in (request.email, request.name, request.key, id_of(event, request)):
        assert told.encode() not in written


def test_a_ticket_is_proved_to_stand_in_the_log_as_soon_as_it_is_decided(make_event: Make) -> None:
    event = make_event(max_capacity=600, waitlist_capacity=5)
    requests = [registration(number) for number in range(1, 602)]
    for first in range(0, 601, 150):
        commit(event, requests[first : first + 150])
    commit(event, [Cancellation(requests[300].key, 700, 700)])
    for request, kinds in ((requests[0], [2]), (requests[255], [2]), (requests[300], [2, 3]), (requests[600], [2, 6])):
        data = ANYONE.get(f"/registrations/{id_of(event, request)}/proof").json()["data"]
        note = open_checkpoint(data["checkpoint"], read_key(signer_of(event).verifier_key))
        assert [bytes.fromhex(one["entry"])[0] for one in data["entries"]] == kinds
        for one in data["entries"]:
            assert bytes.fromhex(data["commitment"]) in bytes.fromhex(one["entry"])
            path = [bytes.fromhex(node) for node in one["inclusion"]]
            assert root_by(path, leaf_hash(bytes.fromhex(one["entry"])), one["index"], note.size) == note.root
    assert check(event, tickets=[id_of(event, one) for one in requests]).missing == ()


def root_by(path: list[bytes], leaf: bytes, index: int, size: int) -> bytes:
    """RFC 9162, 2.1.3.2."""
    from events.domain.decision_log.merkle import node_hash

    last = size - 1
    for sibling in path:
        if index & 1 or index == last:
            leaf = node_hash(sibling, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        index, last = index >> 1, last >> 1
    return leaf


def test_tiles_are_full_or_partial_and_kept_without_end(make_event: Make) -> None:
    event = make_event(max_capacity=1000)
    for first in range(1, 700, 233):
        commit(event, [registration(number) for number in range(first, first + 233)])
    base = f"/events/{event.pk}/log"
    size = log_head(event.pk).tree.size  # type: ignore[union-attr]
    assert size == 701
    hashes = b"".join(ANYONE.get(f"{base}/tile/{path}").content for path in ("0/000", "0/001", f"0/002.p/{size - 512}"))
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    tree = Tree().append(leaves)[0]
    assert tree.root == log_head(event.pk).tree.root  # type: ignore[union-attr]
    above = ANYONE.get(f"{base}/tile/1/000.p/2")
    assert above.content == b"".join(Tree().append(leaves[at : at + 256])[0].root for at in (0, 256))
    assert "immutable" in above["Cache-Control"]
    assert ANYONE.get(f"{base}/checkpoint")["Cache-Control"] == "no-cache"
    for path in ("0/002", "0/002.p/190", "1/000", "2/000.p/1", "0/3", "entries/003.p/1", "x"):
        answer = ANYONE.get(f"{base}/tile/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "log_not_found"), path


def test_an_event_of_before_goes_on_without_a_log(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    DecisionLog.objects.all().delete()
    Event.objects.update(has_log=False)
    commit(event, [registration(2)])
    assert not DecisionLog.objects.exists()
    for path in ("checkpoint", "key", "tile/entries/000.p/1"):
        answer = ANYONE.get(f"/events/{event.pk}/log/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "log_not_found")


def test_a_log_whose_row_was_taken_out_stops_no_decision(make_event: Make, caplog: pytest.LogCaptureFixture) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    DecisionLog.objects.all().delete()
    commit(event, [registration(2)])
    assert Registration.objects.filter(event=event).count() == 2
    assert "the decision log is gone" in caplog.text


def test_an_event_whose_log_is_off_asks_the_database_nothing_more(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, decision_log=False))
    event = make_event(max_capacity=5)
    with CaptureQueriesContext(connection) as first:
        commit(event, [registration(1)])
    assert not DecisionLog.objects.exists()
    assert not [query for query in first.captured_queries if "decisionlog" in query["sql"]]


def test_a_draft_shows_no_log_and_an_unknown_ticket_no_proof(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    Event.objects.filter(pk=event.pk).update(visibility="draft")
    for path in (f"/events/{event.pk}/log/checkpoint", "/events/999999/log/key"):
        assert ANYONE.get(path).json()["code"] == "event_not_found"
    assert ANYONE.get(f"/registrations/{event.pk}-{'x' * 28}/proof").json()["code"] == "ticket_not_found"


def test_without_a_key_nothing_is_signed_and_all_is_logged(make_event: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, log_signing_key=b""))
    answer = ANYONE.get(f"/events/{event.pk}/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "log_not_found")
    assert ANYONE.get(f"/events/{event.pk}/log/tile/entries/000.p/3").status_code == 200


def test_an_older_state_than_was_published_is_not_signed(make_event: Make) -> None:
    """As after a restore of an older backup."""
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    assert check(event).problem == ""
    chunks(event)[-1].delete()
    older.save()
    answer = ANYONE.get(f"/events/{event.pk}/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_second_history_that_is_longer_is_not_signed_either(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    older = DecisionLog.objects.get(pk=event.pk)
    commit(event, [registration(2)])
    assert check(event).problem == ""
    chunks(event)[-1].delete()
    older.save()
    Registration.objects.filter(event=event, sequence=2).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=1)
    commit(event, [registration(3), registration(4)])
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").status_code == 503


def test_an_earlier_checkpoint_is_the_beginning_of_the_log_or_it_is_told(make_event: Make) -> None:
    event = make_event(max_capacity=50)
    commit(event, [registration(1)])
    since = ANYONE.get(f"/events/{event.pk}/log/checkpoint").content.decode()
    commit(event, [registration(number) for number in range(2, 20)])
    assert check(event, since=since).problem == ""
    by = signer_of(event)
    text = since.partition("\n\n")[0].split("\n")
    other = by.sign("\n".join([*text[:2], "A" * 43 + "="]) + "\n")
    assert "rewritten" in check(event, since=other).problem


ENTRY = 80  # of a registration that is not held, with its length


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[ENTRY : 2 * ENTRY] + data[:ENTRY] + data[2 * ENTRY :],
        lambda data: data[:3] + bytes([CONFIRMED]) + data[4:],
    ],
    ids=["altered", "swapped", "another outcome"],
)
def test_entries_that_were_changed_in_the_database_are_not_those_that_were_signed(
    make_event: Make, change: Callable[[bytes], bytes]
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    commit(event, [registration(1)])
    commit(event, [registration(2), registration(3)])
    assert check(event).problem == ""
    rewrite(event, change)
    assert "not those that the checkpoint was signed for" in problem(event)


def test_a_log_that_was_changed_whole_still_breaks_the_rules(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    commit(event, [registration(1)])
    commit(event, [registration(2), registration(3)])
    rewrite(event, lambda data: data[:3] + bytes([CONFIRMED]) + data[4:])
    rebuild(event)
    assert "rule 5: outcome 1, and 3 is the only one allowed" in problem(event)


def test_a_capacity_that_was_raised_by_hand_for_a_moment_is_found(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=0)
    commit(event, [registration(1)])
    Event.objects.filter(pk=event.pk).update(max_capacity=2)
    commit(event, [registration(2)])
    assert "rule 2: sizes that no entry has made" in problem(event)


def promote_by_hand(event: Event, victim: Request, friend: Request) -> None:
    rows = Registration.objects.filter(event=event)
    rows.filter(ticket_key=victim.key).update(status="cancelled", reason=Reason.BY_HOLDER.value)
    rows.filter(ticket_key=friend.key).update(status="confirmed")
    Event.objects.filter(pk=event.pk).update(waitlisted_count=1)


def test_a_friend_who_was_promoted_by_hand_contradicts_what_the_service_tells(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.omnify_verify.TRIES", 1)
    event = make_event(max_capacity=1, waitlist_capacity=2)
    victim, second, friend = (registration(number) for number in (1, 2, 3))
    commit(event, [victim, second, friend])
    promote_by_hand(event, victim, friend)
    assert "the service says otherwise" in problem(event)
    Event.objects.filter(pk=event.pk).update(waitlisted_count=2)
    told = check(event, tickets=[id_of(event, victim)]).problem
    assert "as confirmed, and the service as cancelled" in told


def test_a_friend_who_was_promoted_by_hand_breaks_the_rules_with_the_next_seat_that_moves(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    victim, second, friend = (registration(number) for number in (1, 2, 3))
    commit(event, [victim, second, friend])
    promote_by_hand(event, victim, friend)
    commit(event, [Cancellation(friend.key, 4, 4)])
    assert "rule 4" in problem(event)


def test_an_event_that_is_deleted_takes_its_log_along(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    Registration.objects.filter(event=event).delete()
    event.delete()
    assert not DecisionLog.objects.exists()
    assert not DecisionLogChunk.objects.exists()


def test_the_key_of_the_mailboxes_goes_with_the_addresses(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    commit(event, [registration(1)])
    anonymise_event(event.pk, now=event.end_time)
    assert bytes(DecisionLog.objects.get(pk=event.pk).mailbox_key) == b""
    commit(event, [registration(2)])
    assert bytes(chunks(event)[-1].entries)[-16:] == bytes(16)
    assert problem(event) == ""


def test_a_request_that_an_organizer_has_added_is_marked(make_event: Make) -> None:
    event = make_event(max_capacity=1)
    added: Request = msgspec.structs.replace(registration(2), added=True, beyond_capacity=True)
    commit(event, [registration(1), added])
    assert bytes(chunks(event)[0].entries)[-ENTRY + 4] == 3
    assert equal_to_ledger(event)
