"""The audit trail: every act of an organizer, an operator or a command, in the transaction of the act, and for good."""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

import events.management.commands as commands
from events.api.permissions import scopes_of
from events.api.views import base
from events.domain.audit import FAILURE_SLOTS
from events.ledger.audit import purge_entries
from events.management.acting import ActingCommand
from events.models import AuditEntry, Event, OrganizerToken, Registration
from events.secrets import tickets
from tests.support.in_process.api import Caller, attend, body, create, organizer
from tests.support.in_process.console import csrf, signed_in
from tests.support.routes import methods, routes

pytestmark = pytest.mark.django_db(transaction=True)

# They change nothing: what they print is what they do.
READING = {"drill", "listen", "prove_ledger", "reconcile", "rehearse", "verify_log", "witness_logs"}


def acts(**filters: Any) -> list[str]:
    """What was written down, oldest first."""
    return list(AuditEntry.objects.filter(**filters).order_by("pk").values_list("action", flat=True))


def test_an_organizers_changes_are_written_down_with_their_token_and_address() -> None:
    caller = organizer()
    event_id = create(caller)
    caller.patch(f"/events/{event_id}", {"location": "Barn"})
    caller.post(f"/events/{event_id}/cancel")
    assert acts(object_type="event", object_id=str(event_id)) == ["event_created", "event_changed", "event_cancelled"]
    token = OrganizerToken.objects.get()
    for entry in AuditEntry.objects.all():
        assert (entry.actor, entry.token_id, entry.address) == ("organizer", token.pk, "127.0.0.1")
        assert entry.organizer_id == entry.actor_organizer_id == token.organizer_id


def test_secrets_and_webhooks_are_written_down() -> None:
    caller = organizer()
    made = caller.post("/webhooks", {"url": "https://8.8.8.8/", "event_types": ["event.sold_out"]}).json()["data"]
    path = f"/webhooks/{made['id']}"
    delivery = caller.post(f"{path}/test").json()["data"]
    caller.patch(path, {"event_types": ["registration.confirmed"]})
    caller.post(f"{path}/rotate-secret")
    caller.post(f"{path}/deliveries/{delivery['id']}/retry")
    caller.post(f"{path}/replay", {"since": "2020-01-01T00:00:00Z"})
    caller.send("DELETE", path)
    caller.post("/webhooks/default-secret")
    assert acts() == [
        "webhook_created",
        "webhook_tested",
        "webhook_changed",
        "webhook_secret_created",
        "webhook_replayed",
        "webhook_replayed",
        "webhook_deleted",
        "webhook_secret_created",
    ]


def test_check_ins_and_exports_are_written_down_by_reference_and_without_a_guests_data() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name="Guest 1")
    row = Registration.objects.get()
    ticket = tickets().ticket_id(event_id=event_id, key=row.ticket_key)
    for _ in range(2):
        caller.post(f"/registrations/{ticket}/check-in")
    caller.get(f"/events/{event_id}/attendees?format=csv")
    assert acts(action__in=["checked_in", "attendees_exported"]) == ["checked_in", "attendees_exported"]
    assert AuditEntry.objects.get(action="checked_in").object_id == f"{event_id}-{row.ticket_key[:8]}"
    everything = str(list(AuditEntry.objects.values()))
    for kept_out in (row.name, row.email, row.ticket_key, ticket, caller.token or "?"):
        assert kept_out not in everything


def test_what_is_refused_or_rolled_back_is_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = organizer()
    caller.post("/events", {})
    monkeypatch.setattr("events.api.views.events.publish_new_after_commit", _fail)
    assert caller.post("/events", body()).status_code == 500
    assert (acts(), Event.objects.count()) == ([], 0)


def _fail(*args: Any) -> None:
    raise RuntimeError


def test_an_act_without_an_audit_entry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[str] = []
    monkeypatch.setattr("events.services.audit.Trail.record", lambda *_: None)
    logger = SimpleNamespace(error=lambda _, what: complaints.append(what))
    monkeypatch.setattr("events.services.audit.logger", logger)
    assert organizer().post("/events", body()).status_code == 201
    assert complaints == ["POST EventList"]


def test_every_organizers_method_that_changes_something_is_watched() -> None:
    for route in routes():
        if route.view and issubclass(route.view, base.ApiView):
            for method in methods(route.view):
                watched = route.view.finalize_response is base.ApiView.finalize_response
                assert watched or not scopes_of(route.view, method), (method, route.path)


def test_signing_in_and_out_of_the_console_is_written_down_and_failures_too() -> None:
    caller = organizer()
    client = signed_in(caller)
    client.post("/console/logout", {"csrfmiddlewaretoken": csrf(client.get("/console"))})
    form = client.get("/console/login")
    client.post("/console/login", {"csrfmiddlewaretoken": csrf(form), "token": "omn_wrong"})
    assert acts() == ["signed_in", "signed_out", "sign_in_failed"]
    failed = AuditEntry.objects.get(action="sign_in_failed")
    assert (failed.actor, failed.address, failed.organizer_id) == ("unknown", "127.0.0.1", None)
    assert "omn_" not in str(list(AuditEntry.objects.values()))


def test_failures_can_not_fill_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.services.audit.time", SimpleNamespace(time=lambda: 1_000_000.0))
    for number in range(60):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post("/console/login", {"token": f"omn_{number}"})
    assert 2 <= AuditEntry.objects.count() <= FAILURE_SLOTS


def test_the_address_is_the_clients_and_not_the_proxys(settings: Any) -> None:
    from dataclasses import replace

    settings.ENV = replace(settings.ENV, trusted_proxies=1)
    caller = organizer()
    caller.post("/events", body(), **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    assert AuditEntry.objects.get().address == "203.0.113.9"


def test_an_organizer_reads_what_was_done_to_their_own_things_and_nothing_else() -> None:
    caller, other = organizer(), organizer("other")
    event_id = create(caller)
    create(other)
    page = caller.get("/audit").json()["data"]
    assert [(one["action"], one["object_id"]) for one in page["results"]] == [("event_created", str(event_id))]
    assert page["results"][0]["address"] == "127.0.0.1"
    assert Caller().get("/audit").status_code == 401


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite only keeps rows from being changed")
def test_the_database_refuses_changes_and_removals_but_those_of_retention() -> None:
    caller = organizer()
    create(caller)
    for change in (lambda rows: rows.update(address=""), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(AuditEntry.objects.all())
    with pytest.raises(DatabaseError, match="append-only"):
        purge_entries(before=timezone.now() + timedelta(days=1))
    old = timezone.now() - timedelta(days=400)
    AuditEntry.objects.create(at=old, actor="operator", action="changed")
    assert purge_entries(before=timezone.now() - timedelta(days=365)) == 1
    assert acts() == ["event_created"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses more, and has a test of its own")
def test_sqlite_refuses_changes() -> None:
    create(organizer())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(address="")


def test_every_command_either_only_reads_or_is_an_acting_one() -> None:
    found = {module.name for module in pkgutil.iter_modules([str(Path(commands.__path__[0]))])}
    acting = {
        name
        for name in found
        if issubclass(importlib.import_module(f"events.management.commands.{name}").Command, ActingCommand)
    }
    assert found - acting == READING


def test_commands_are_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    out = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("create_organizer", "acme", **out)
    call_command("revoke_token", "--organizer", "acme", **out)
    call_command("forget", "--days", "30", **out)
    monkeypatch.setattr(sys, "stdin", io.StringIO("guest1@example.org\n"))
    call_command("forget", "--email", **out)
    assert acts(actor="operator") == [
        "organizer_created",
        "token_created",
        "token_revoked",
        "people_forgotten",
        "people_forgotten",
    ]
    assert "guest1" not in str(list(AuditEntry.objects.values()))
