"""The operators' pages keep the rules that the API keeps."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import redis
from django import forms
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from events.admin.base import BoundedPaginator
from events.ledger.descriptions import description_of
from events.models import Event, OrganizerToken, Registration
from events.secrets import tickets
from tests.support.in_process.admin import change, form
from tests.support.in_process.api import Caller, attend, create, organizer
from tests.support.in_process.events import stored_version
from tests.support.in_process.locks import wait_until_a_transaction_is_blocked
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_page_opens(operator: Client) -> None:
    event_id = create(organizer())
    attend(event_id, 2)
    for model, row in (
        ("event", event_id),
        ("organizer", Event.objects.get(pk=event_id).organizer_id),
        ("organizertoken", OrganizerToken.objects.get().pk),
        ("registration", Registration.objects.latest("pk").pk),
    ):
        for path in ("", f"{row}/change/"):
            assert operator.get(f"/admin/events/{model}/{path}").status_code == 200, (model, path)
    assert operator.get("/admin/events/event/add/").status_code == 200
    assert operator.get("/admin/events/registration/add/").status_code == 403


def test_a_change_grows_the_version_here_and_at_the_door(operator: Client, redis_client: redis.Redis) -> None:
    event_id = create(organizer())
    assert change(operator, event_id, location="Barn").status_code == 302
    event = Event.objects.get(pk=event_id)
    assert (event.location, event.version) == ("Barn", 2)
    assert stored_version(redis_client, event_id) == 2


def test_the_time_zone_and_the_description_are_changed_by_the_apis_rules(operator: Client) -> None:
    event_id = create(organizer(), description="Doors\nopen")
    # A browser ends lines so; the same text is no change of it.
    assert change(operator, event_id, timezone="Europe/Berlin", description="Doors\r\nopen").status_code == 302
    page = operator.get(f"/admin/events/event/{event_id}/change/").content.decode()
    assert "Doors\nopen</textarea>" in page
    assert '<option value="Europe/Berlin" selected>' in page
    event = Event.objects.get(pk=event_id)
    assert (event.timezone, event.description_version, description_of(event)) == ("Europe/Berlin", 1, "Doors\nopen")
    assert change(operator, event_id, description="Doors *shut*").status_code == 302
    assert description_of(Event.objects.get(pk=event_id)) == "Doors *shut*"
    for wrong in ({"timezone": "Europe/Atlantis"}, {"description": "a\0b"}, {"description": "x" * 10_001}):
        assert change(operator, event_id, **wrong).status_code == 200, wrong


def test_an_event_whose_addresses_are_proved_by_mail_keeps_its_mail(operator: Client) -> None:
    event_id = create(organizer(), verify_email=True)
    # What a browser sends of a box that is not ticked is nothing.
    assert "needs `mail`" in change(operator, event_id, location="Barn").content.decode()
    assert change(operator, event_id, location="Barn", mail="on").status_code == 302


def test_every_line_that_operators_type_is_held_to_what_the_api_lets_in(operator: Client) -> None:
    """Walks the forms, so that a new field is held to it too."""
    event_id = create(organizer())
    request = RequestFactory().get("/")
    request.user = User.objects.get()
    checked = []
    for model, pages in site._registry.items():
        ours = model._meta.app_label == "events" and pages.has_change_permission(request)
        for name, field in pages.get_form(request, change=True).base_fields.items() if ours else ():
            if isinstance(field, forms.CharField):
                checked.append(f"{model.__name__}.{name}")
                for text, sentence in (("\u200b\u3164", "can be seen"), ("Gala\u2028", "Control characters")):
                    with pytest.raises(ValidationError, match=sentence):
                        field.clean(text)
                assert field.clean(" Jose\u0301 ") == "Jos\u00e9"
    assert {"Event.name", "Event.location", "Organizer.name"} <= set(checked)
    assert change(operator, event_id, name="\u3164").status_code == 200
    assert Event.objects.get(pk=event_id).name == "Concert"


def test_only_what_was_changed_is_written(operator: Client) -> None:
    """The page was rendered before the drain confirmed a guest and the organizer gave a new name."""
    event_id = create(organizer(), registration_opens_at="2020-01-01T00:00:00.123Z")
    stale = form(Event.objects.get(pk=event_id), location="Barn")
    Event.objects.filter(pk=event_id).update(confirmed_count=3)
    operator.post(f"/admin/events/event/{event_id}/change/", stale)
    event = Event.objects.get(pk=event_id)
    assert (event.location, event.confirmed_count) == ("Barn", 3)
    assert event.registration_opens_at.microsecond == 123_000


def test_the_capacity_stays_above_what_is_confirmed(operator: Client) -> None:
    event_id = create(organizer())
    Event.objects.filter(pk=event_id).update(confirmed_count=40)
    answer = change(operator, event_id, max_capacity=39)
    assert b"40 seats are taken already." in answer.content
    assert Event.objects.get(pk=event_id).version == 1


def test_a_new_capacity_takes_its_turn_in_the_queue(operator: Client, drain: Drain) -> None:
    event_id = create(organizer())
    changed = change(operator, event_id, max_capacity=500, waitlist_capacity=3, location="Barn")
    assert changed.status_code == 302
    event = Event.objects.get(pk=event_id)
    assert (event.location, event.max_capacity) == ("Barn", 100)
    drain.run(event_id)
    event.refresh_from_db()
    assert (event.max_capacity, event.waitlist_capacity) == (500, 3)


def test_an_event_is_cancelled_by_an_action(operator: Client, drain: Drain) -> None:
    event_id = create(organizer())
    operator.post("/admin/events/event/", {"action": "cancel", "_selected_action": [event_id]})
    event = Event.objects.get(pk=event_id)
    assert event.cancelled_at is not None
    assert drain.queue.lengths([event_id]) == [1]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for the whole database")
def test_a_change_waits_for_the_decisions_under_way(operator: Client) -> None:
    event_id = create(organizer(), max_capacity=10)
    answers: list[Any] = []
    operator.raise_request_exception = False
    thread = threading.Thread(target=lambda: answers.append(change(operator, event_id, max_capacity=5)))
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=event_id)
        thread.start()
        wait_until_a_transaction_is_blocked()
        Event.objects.filter(pk=event_id).update(confirmed_count=6)
    thread.join(timeout=100)
    # Refused with a sentence: without the lock it would be the constraint that refuses, with a 500.
    assert b"6 seats are taken already." in answers[0].content


def test_the_times_keep_the_rules(operator: Client) -> None:
    event_id = create(organizer())
    answer = change(operator, event_id, end_time_0="2020-01-01")
    assert b"The end must be after the start." in answer.content
    assert Event.objects.get(pk=event_id).version == 1


def test_a_new_event_is_known_to_the_door(operator: Client, redis_client: redis.Redis) -> None:
    caller = organizer()
    assert caller.organizer
    times = {"start_time_0": "2031-01-01", "start_time_1": "10:00", "end_time_0": "2031-01-01", "end_time_1": "12:00"}
    sizes = {"max_capacity": 5, "waitlist_capacity": 2, "timezone": "Asia/Tokyo", "description": "Doors"}
    fields = {"organizer": caller.organizer.pk, "name": "New", "location": "Here", "visibility": "public", **sizes}
    assert operator.post("/admin/events/event/add/", {**fields, **times}).status_code == 302
    event = Event.objects.get()
    assert event.registration_closes_at == event.end_time
    assert (event.timezone, description_of(event)) == ("Asia/Tokyo", "Doors")
    assert stored_version(redis_client, event.pk) == 1


def test_a_token_is_issued_on_the_page_once_and_can_be_revoked(operator: Client) -> None:
    made = organizer().organizer
    assert made
    action = {"action": "issue_token", "_selected_action": made.pk}
    page = operator.post("/admin/events/organizer/", action)
    token = re.findall(r"omn_[\w-]+", page.content.decode())[0]
    assert "no-store" in page["Cache-Control"]
    assert Caller(token=token).get("/events/1/stats").status_code == 404
    row = OrganizerToken.objects.latest("pk").pk
    operator.post("/admin/events/organizertoken/", {"action": "revoke", "_selected_action": row})
    assert Caller(token=token).get("/events/1/stats").status_code == 401


def test_registrations_are_found_by_ticket_event_and_email(operator: Client) -> None:
    caller = organizer()
    event_id, other_id = create(caller), create(caller)
    attend(event_id, 3)
    attend(other_id, 3)
    ticket = tickets().ticket_id(event_id=event_id, key="c0000000000000000002")
    for text, count in (
        (ticket, 1),
        (str(event_id), 3),
        (f"{event_id} CONFIRMED1@example.com", 1),
        ("confirmed1@example.com", 0),
        ("9" * 40, 0),
        ("\u0661", 0),
    ):
        page = operator.get("/admin/events/registration/", {"q": text})
        assert len(page.context["cl"].result_list) == count, text


def test_a_list_is_not_counted_to_its_end(operator: Client) -> None:
    attend(create(organizer(), max_capacity=2000), BoundedPaginator.LIMIT + 5)
    with CaptureQueriesContext(connection) as queries:
        page = operator.get("/admin/events/registration/")
    counts = [query["sql"] for query in queries if "COUNT" in query["sql"] and "events_registration" in query["sql"]]
    assert counts
    assert all(f"LIMIT {BoundedPaginator.LIMIT}" in sql for sql in counts), counts
    assert page.context["cl"].result_count == BoundedPaginator.LIMIT
