"""What operators do at /admin/ is in the audit trail, and in no other place."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from events.admin.audit import Audited
from events.models import AuditEntry, Event, Organizer, OrganizerToken, Webhook
from tests.support.in_process.admin import change
from tests.support.in_process.api import create, organizer

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery staple"


def acts() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.exclude(action="signed_in").filter(actor="admin").order_by("pk")
    return list(rows.values_list("action", "object_type"))


def test_every_page_of_the_admin_writes_into_the_trail() -> None:
    assert all(isinstance(found, Audited) for found in admin.site._registry.values())


def test_sign_ins_are_written_down_without_the_name_that_was_typed() -> None:
    user = User.objects.create_superuser("operator", password=PASSWORD)
    client = Client()
    client.post("/admin/login/", {"username": "a-password-by-mistake", "password": "wrong"})
    client.post("/admin/login/", {"username": "operator", "password": PASSWORD})
    client.post("/admin/logout/")
    rows = AuditEntry.objects.order_by("pk").values_list("action", "actor", "admin_id", "address")
    assert list(rows) == [
        ("sign_in_failed", "unknown", None, "127.0.0.1"),
        ("signed_in", "admin", user.pk, "127.0.0.1"),
        ("signed_out", "admin", user.pk, "127.0.0.1"),
    ]
    assert "mistake" not in str(list(AuditEntry.objects.values()))


def test_changes_go_into_the_trail_and_not_into_djangos_log(operator: Client) -> None:
    event_id = create(organizer())
    change(operator, event_id, location="Barn")
    operator.post("/admin/events/organizer/add/", {"name": "Guest 1 GmbH", "tokens-TOTAL_FORMS": 0, **_forms()})
    assert acts() == [("event_changed", "event"), ("added", "organizer")]
    assert Organizer.objects.filter(name="Guest 1 GmbH").exists()
    assert not LogEntry.objects.exists()
    assert "Guest" not in str(list(AuditEntry.objects.values()))
    entry = AuditEntry.objects.get(action="event_changed")
    assert entry.organizer_id == Event.objects.get().organizer_id


def _forms() -> dict[str, Any]:
    return {"tokens-INITIAL_FORMS": 0, "tokens-MIN_NUM_FORMS": 0, "tokens-MAX_NUM_FORMS": 0}


def test_every_action_on_rows_is_written_down(operator: Client) -> None:
    caller = organizer()
    event_id = create(caller)
    sent = {"url": "https://8.8.8.8/", "event_types": ["event.sold_out"]}
    webhook = caller.post("/webhooks", sent).json()["data"]["id"]
    delivery = caller.post(f"/webhooks/{webhook}/test").json()["data"]["id"]
    since = {"since_0": "2020-01-01", "since_1": "00:00"}
    rows = {
        Event: event_id,
        Organizer: Event.objects.get().organizer_id,
        OrganizerToken: OrganizerToken.objects.get().pk,
    }
    for model, found in admin.site._registry.items():
        if model._meta.app_label != "events":
            continue
        row = rows.get(model) or {"webhook": webhook, "webhookdelivery": delivery}.get(str(model._meta.model_name), 1)
        for action in found.actions:
            Webhook.objects.update(disabled_at=None)
            before = len(acts())
            sent_form = {"action": action, "_selected_action": [row], **since}
            operator.post(f"/admin/events/{model._meta.model_name}/", sent_form)
            assert len(acts()) > before, (model, action)
    assert not LogEntry.objects.exists()


def test_an_objects_history_is_its_part_of_the_trail(operator: Client) -> None:
    first, second = create(organizer()), create(organizer("other"))
    page = operator.get(f"/admin/events/event/{first}/history/", follow=True)
    assert [row.object_id for row in page.context["cl"].result_list] == [str(first)]
    assert operator.get("/admin/events/auditentry/").context["cl"].result_count > 1
    entry = AuditEntry.objects.get(object_id=str(second))
    assert operator.get(f"/admin/events/auditentry/{entry.pk}/change/").status_code == 200
    assert operator.post(f"/admin/events/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
