"""Holds in the API: how an event is given one, and what its organizer and the webhooks are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from events.admission.keys import event_keys
from events.ledger.webhooks.claims import ClaimedDelivery
from events.ledger.webhooks.sql import CLAIMED_COLUMNS
from events.models import Event, WebhookDelivery
from omnify.common.clients import redis_client
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import Caller, body, create, organizer
from tests.support.in_process.drain import people
from tests.support.in_process.holds import confirm, drain_at, expirer, hold
from tests.support.in_process.outbox import context, subscribe
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
PAID = {"seconds": 600, "confirmed_by": "organizer", "applies_to": "all"}
OFFER = {"seconds": 86_400, "confirmed_by": "holder", "applies_to": "waitlist"}


def shown(caller: Caller, event_id: int) -> dict[str, Any]:
    [data] = [found for found in caller.get("/events?mine=true").json()["data"]["results"] if found["id"] == event_id]
    return dict(data)


def test_an_event_is_given_a_hold_and_a_change_replaces_it() -> None:
    caller = organizer()
    event_id = create(caller, hold=PAID)
    assert shown(caller, event_id)["hold"] == PAID
    assert caller.patch(f"/events/{event_id}", {"name": "Another"}).json()["data"]["hold"] == PAID
    changed = caller.patch(f"/events/{event_id}", {"hold": OFFER}).json()["data"]
    assert (changed["hold"], changed["revision"]) == (OFFER, 2)
    assert json.loads(redis_client().hget(event_keys(event_id).state, "snapshot"))["hold"] == OFFER
    copy = caller.post(f"/events/{event_id}/duplicate", {}).json()["data"]
    assert copy["hold"] == OFFER
    assert caller.patch(f"/events/{event_id}", {"hold": None}).json()["data"]["hold"] is None
    assert shown(caller, create(caller))["hold"] is None


def test_an_event_wants_addresses_proved_where_that_can_be() -> None:
    caller = organizer()
    event_id = create(caller, verify_email=True, hold=PAID)
    assert shown(caller, event_id)["verify_email"] is True
    assert json.loads(redis_client().hget(event_keys(event_id).state, "snapshot"))["verify_email"] is True
    copy = caller.post(f"/events/{event_id}/duplicate", {}).json()["data"]
    assert copy["verify_email"] is True
    starts = copy["start_time"]
    refused = {
        "verify_email": [{"mail": False}, {"admission": "draw", "draw_at": starts}, {"verify_email": 1}],
        "hold": [{"hold": {**PAID, "applies_to": "waitlist"}}],
    }
    for blamed, wishes in refused.items():
        for wish in wishes:
            answer = caller.patch(f"/events/{event_id}", wish)
            assert (answer.status_code, list(answer.json()["errors"])) == (400, [blamed]), wish
    assert caller.patch(f"/events/{event_id}", {"verify_email": False}).json()["data"]["verify_email"] is False
    assert shown(caller, create(caller))["verify_email"] is False


def test_no_event_wants_addresses_proved_where_no_mail_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = organizer()
    proving, plain = create(caller, verify_email=True), create(caller)
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, email_url=EmailUrl(way=Way.OFF)))
    for answer in (
        caller.post("/events", body(verify_email=True)),
        caller.patch(f"/events/{plain}", {"verify_email": True}),
        caller.post(f"/events/{proving}/duplicate", {}),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["verify_email"])
        assert "EMAIL_URL" in answer.json()["errors"]["verify_email"][0]
    assert caller.post("/events", body()).status_code == 201
    # One that was made before cannot be saved with it either: it holds seats for proofs that no one can give.
    kept = caller.patch(f"/events/{proving}", {"name": "Another", "verify_email": True})
    assert (kept.status_code, list(kept.json()["errors"])) == (400, ["verify_email"])
    # A change that does not speak of it is made as ever, and it can do without.
    assert caller.patch(f"/events/{proving}", {"name": "Another"}).status_code == 200
    assert caller.patch(f"/events/{proving}", {"verify_email": False}).status_code == 200


def test_a_change_that_leaves_the_proof_as_it_is_changes_nothing_of_it() -> None:
    caller = organizer()
    event_id = create(caller, verify_email=True)
    before = shown(caller, event_id)
    assert caller.patch(f"/events/{event_id}", {"verify_email": True}).status_code == 200
    after = shown(caller, event_id)
    assert (after["verify_email"], after["revision"]) == (True, before["revision"])
    changed = caller.patch(f"/events/{event_id}", {"verify_email": True, "location": "Park"}).json()["data"]
    assert (changed["verify_email"], changed["hold"], changed["location"]) == (True, before["hold"], "Park")


@pytest.mark.parametrize(
    "wrong",
    [
        {**PAID, "seconds": 59},
        {**PAID, "seconds": 604_801},
        {**PAID, "seconds": 60.5},
        {**PAID, "seconds": True},
        {**PAID, "confirmed_by": "anyone"},
        {**PAID, "applies_to": ""},
        {"seconds": 60},
        {},
        [],
        60,
    ],
    ids=repr,
)
def test_a_hold_is_complete_and_within_its_limits(wrong: Any) -> None:
    caller = organizer()
    event_id = create(caller)
    for answer in (caller.post("/events", body(hold=wrong)), caller.patch(f"/events/{event_id}", {"hold": wrong})):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert {name.partition(".")[0] for name in answer.json()["errors"]} == {"hold"}
    assert shown(caller, event_id)["hold"] is None


def test_an_organizer_sees_what_is_held_and_what_ran_out(
    make_event: Make, admit: Callable[..., Any], drain: Drain, servers: Services
) -> None:
    caller = organizer("Tests")
    event = make_event(max_capacity=3, **hold())
    keys = people(admit, event, 3)
    drain_at(drain, redis_client(), -61).run(event.pk)
    Event.objects.filter(pk=event.pk).update(hold_seconds=3600)
    expirer(redis_client()).once()
    drain.run(event.pk)
    more = people(admit, event, 2, first=3)
    drain.run(event.pk)
    confirm(servers, event, more[0])
    drain.run(event.pk)
    stats = caller.get(f"/events/{event.pk}/stats").json()["data"]
    assert [stats[name] for name in ("confirmed", "held", "expired", "cancelled")] == [1, 1, 3, 0]
    for status, sequences in (("held", [8]), ("expired", [1, 2, 3]), ("confirmed", [7])):
        page = caller.get(f"/events/{event.pk}/attendees?status={status}").json()["data"]
        assert (page["total_items"], [row["sequence"] for row in page["results"]]) == (len(sequences), sequences)
        assert {row["expires_at"] is None for row in page["results"]} == {status == "confirmed"}
    assert len(keys) == 3


def test_each_change_of_a_hold_has_its_message(
    make_event: Make, admit: Callable[..., Any], drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=2, **hold())
    subscribe(event)
    keys = people(admit, event, 2)
    drain_at(drain, redis_client(), -59.5).run(event.pk)
    confirm(servers, event, keys[0])
    ending = expirer(redis_client())
    while not ending.once():
        pass
    ending.once()
    drain.run(event.pk)
    rows = WebhookDelivery.objects.exclude(type="event.sold_out").order_by("pk").values_list(*CLAIMED_COLUMNS)
    bodies = [json.loads(context().signer.body(ClaimedDelivery._make(row))) for row in rows]
    told = [(body["type"], body["data"]) for body in bodies]
    assert [(type_, data["status"]) for type_, data in told] == [
        ("registration.held", "held"),
        ("registration.held", "held"),
        ("registration.confirmed", "confirmed"),
        ("registration.expired", "expired"),
    ]
    assert [data["expires_at"] is not None for _, data in told] == [True, True, False, True]
    assert [data.get("confirmed_by") for _, data in told] == ["holder", "holder", None, None]
    assert [data["check_in_code"] is not None for _, data in told] == [False, False, True, False]
