"""Every time in an answer has one form: `2027-06-01T16:00:00.000+00:00`."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command

from events.domain.webhooks.message import TicketChange, ticket_body
from events.models import Registration, WebhookDelivery
from events.secrets import tickets
from tests.support.in_process.api import ANYONE, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\s\"',}\\]*")
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00\.?")


def times(text: str) -> list[str]:
    """All times in `text`; each must have the form."""
    found = _TIME.findall(text)
    assert [time for time in found if not _FORM.fullmatch(time)] == []
    return found


def test_answers_about_events_have_one_form_of_time() -> None:
    caller = organizer()
    event_id = create(caller, start_time="2031-05-01T10:00:00+02:00", end_time="2031-05-01T12:00:00.5Z")
    answers = [
        ANYONE.get("/events"),
        caller.patch(f"/events/{event_id}", {"registration_opens_at": "2020-01-01T00:00:00.123987Z"}),
        caller.post(f"/events/{event_id}/cancel"),
    ]
    for answer in answers:
        assert len(times(answer.content.decode())) == 6, answer.content


def test_answers_about_attendees_have_one_form_of_time() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    row = Registration.objects.get()
    code = {"code": tickets().check_in_code(event_id=event_id, key=row.ticket_key)}
    entered = caller.post(f"/events/{event_id}/check-ins", code)
    refused = caller.post(f"/events/{event_id}/check-ins", code)
    listed = caller.get(f"/events/{event_id}/attendees")
    assert [len(times(answer.content.decode())) for answer in (entered, refused, listed)] == [2, 2, 2]
    exported = async_to_sync(_joined)(caller.get(f"/events/{event_id}/attendees?format=csv"))
    assert len(times(exported)) == 2


def test_answers_about_webhooks_have_one_form_of_time() -> None:
    caller = organizer()
    body = {"url": "https://8.8.8.8/", "event_types": ["event.sold_out"]}
    path = f"/webhooks/{caller.post('/webhooks', body).json()['data']['id']}"
    answers = [
        caller.post(f"{path}/rotate-secret"),
        caller.post(f"{path}/test"),
        caller.get(f"{path}/deliveries"),
        caller.patch(path, {"enabled": False}),
    ]
    assert [len(times(answer.content.decode())) for answer in answers] == [2, 2, 2, 3]
    assert len(times(WebhookDelivery.objects.get().data)) == 1


def test_messages_to_webhooks_have_one_form_of_time() -> None:
    change = TicketChange(
        type="registration.checked_in",
        ticket_id="1-abcdefghijklmnop",
        event_id=1,
        reason="",
        position=None,
        sequence=1,
        requested_ms=1_000,
        decided_ms=2_001,
        changed_ms=3_000,
        checked_in_ms=3_000,
    )
    assert len(times(ticket_body(change).decode())) == 4


def test_tokens_and_the_audit_trail_have_one_form_of_time() -> None:
    caller = organizer()
    made = caller.post("/tokens", {"label": "a", "scope": "read", "expires_at": "2031-05-01T10:00:00+02:00"})
    assert len(times(made.content.decode())) == 2
    revoked = caller.send("DELETE", f"/tokens/{made.json()['data']['id']}")
    assert len(times(revoked.content.decode())) == 3
    assert len(times(caller.get("/tokens").content.decode())) >= 4
    assert len(times(caller.get("/audit").content.decode())) == 2


def test_a_persons_export_has_one_form_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    attend(create(organizer()), 1)
    monkeypatch.setattr("sys.stdin", StringIO("confirmed1@example.com\n"))
    out = StringIO()
    call_command("export_person", "--email", stdout=out)
    assert len(times(out.getvalue())) == 3


def test_examples_of_answers_have_one_form_of_time() -> None:
    document = ANYONE.get("/schema").json()
    shown = [
        example
        for methods in document["paths"].values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    assert len(times(json.dumps(shown))) > 70


async def _joined(answer: Any) -> str:
    return b"".join([chunk async for chunk in answer.streaming_content]).decode()
