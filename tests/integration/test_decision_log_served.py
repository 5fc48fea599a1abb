"""What readers of a decision log get: checkpoints and proofs, and what is not signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.conf import settings

from events.domain.commands import Cancellation
from events.domain.decision_log.merkle import leaf_hash
from events.domain.decision_log.notes import NoteSigner
from events.ledger.decision_log.read import log_head
from events.models import DecisionLog, Event, Registration
from events.services.decision_log import signer
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import check, chunks, commit, id_of, registration
from verify.omnify_verify import open_checkpoint, read_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]


def signer_of(event: Event) -> NoteSigner:
    head = log_head(event.pk)
    assert head is not None
    return signer(head.origin, head.key)


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
