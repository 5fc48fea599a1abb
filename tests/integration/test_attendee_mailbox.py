"""One mailbox is one person, whichever way its domain is spelled: at the door, in the ledger, after an update."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.apps import apps
from django.db import connection

from events.domain.attendee import email_key
from events.ledger.retention import tickets_of_email
from events.models import Registration
from tests.support.in_process.api import attend, create, organizer
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)
LETTERS, SENT = "anna@m\u00fcller.de", "anna@xn--mller-kva.de"


def give(event_id: int, number: int, **columns: Any) -> None:
    """Gives a registration made by `attend` other columns, as an older release would have written them."""
    Registration.objects.filter(event_id=event_id, email=f"confirmed{number}@example.com").update(**columns)


def keys_of(event_id: int) -> list[str]:
    return list(Registration.objects.filter(event_id=event_id).order_by("sequence").values_list("email_key", flat=True))


def update() -> None:
    importlib.import_module("events.migrations.0007_one_mailbox").unite(apps, connection.schema_editor())


def test_an_update_gives_a_mailbox_its_one_key() -> None:
    event_id = create(organizer())
    attend(event_id, 3)
    give(event_id, 1, email=LETTERS, email_key=LETTERS)
    give(event_id, 2, email="b@\u0e44\u0e17\u0e22.com", email_key="b@\u0e44\u0e17\u0e22.com")
    update()
    assert keys_of(event_id) == [SENT, email_key("b@\u0e44\u0e17\u0e22.com"), "confirmed3@example.com"]
    assert all(key.isascii() for key in keys_of(event_id))


def test_the_door_knows_a_mailbox_in_every_spelling(make_event: Callable[..., Any], servers: Services) -> None:
    from tests.support.in_process.door import Visitor, visit

    event = make_event(max_capacity=5)

    async def scene(visitor: Visitor) -> list[tuple[int, Any]]:
        found = []
        for email in (LETTERS, SENT, "ANNA@M\u00dcLLER.DE", "anna@mu\u0308ller.de", "\uff41nna@m\u00fcller.de"):
            body = json.dumps({"name": "Anna", "email": email}).encode()
            path = f"/events/{event.pk}/register"
            status, _, answer = await visitor.ask("POST", path, body, content_type="application/json")
            found.append((status, answer.get("code")))
        return found

    same = (409, "duplicate_registration")
    assert visit(servers, scene) == [(202, None), same, same, same, (400, "invalid")]


def test_an_update_costs_no_guest_a_seat(capsys: pytest.CaptureFixture[str]) -> None:
    event_id, other = create(organizer()), create(organizer("other"))
    attend(event_id, 2)
    attend(other, 1)
    give(event_id, 1, email=LETTERS, email_key=LETTERS)
    give(event_id, 2, email=SENT, email_key=SENT)
    give(other, 1, email=LETTERS, email_key=LETTERS)
    update()
    assert keys_of(event_id) == [LETTERS, SENT]
    assert keys_of(other) == [SENT]
    said = capsys.readouterr().err
    assert "1 registrations" in said
    assert "anna" not in said
    assert len(tickets_of_email(email_key(LETTERS))) == 3, "a person is forgotten in all of them"


def test_a_second_seat_under_another_spelling_is_refused_by_the_drain(
    make_event: Callable[..., Any], admit: Callable[..., Any], drain: Any
) -> None:
    from events.admission.entry import pack
    from tests.support.in_process.gate import apply_for

    event = make_event(max_capacity=5)
    # Digests of two releases differ, so the door lets both in; the ledger has the last word.
    applications = []
    for number, email in enumerate((LETTERS, SENT)):
        request = apply_for(number)
        payload = pack(name="Anna", email=email, email_digest=request.email_digest)
        applications.append(msgspec.structs.replace(request, payload=payload))
    admit(event.pk, applications)
    drain.run(event.pk)
    found = Registration.objects.filter(event=event).order_by("sequence").values_list("status", "reason", "email_key")
    assert list(found) == [("confirmed", "", SENT), ("rejected", "duplicate", SENT)]
