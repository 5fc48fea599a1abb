"""The decision log on a real database: what the drain writes, the tiles of it, and what goes with an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from events.domain.commands import Request
from events.domain.decision_log.merkle import Tree
from events.ledger import batch_context
from events.ledger.decision_log.read import log_head
from events.ledger.queries import event_snapshot
from events.ledger.retention import anonymise_event
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import ENTRY, check, chunks, commit, id_of, problem, registration
from tests.support.in_process.drain import Crash, crash_at, people, statuses
from verify.omnify_verify import CANCELLATION, PROMOTION, REGISTRATION, RESIZE
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


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


def test_tiles_are_full_or_partial_and_kept_without_end(make_event: Make) -> None:
    event = make_event(max_capacity=1000)
    for first in range(1, 700, 233):
        commit(event, [registration(number) for number in range(first, first + 233)])
    base = f"/events/{event.pk}/log"
    size = log_head(event.pk).tree.size  # type: ignore[union-attr]
    assert size == 701
    assert ANYONE.get(f"{base}/tile/1/000.p/2")["Cache-Control"] == "no-cache", "it is not signed yet"
    assert ANYONE.get(f"{base}/checkpoint")["Cache-Control"] == "no-cache"
    hashes = b"".join(ANYONE.get(f"{base}/tile/{path}").content for path in ("0/000", "0/001", f"0/002.p/{size - 512}"))
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    tree = Tree().append(leaves)[0]
    assert tree.root == log_head(event.pk).tree.root  # type: ignore[union-attr]
    above = ANYONE.get(f"{base}/tile/1/000.p/2")
    assert above.content == b"".join(Tree().append(leaves[at : at + 256])[0].root for at in (0, 256))
    assert "immutable" in above["Cache-Control"]
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
