"""Tokens in the hands of their organizer: listed, made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import OrganizerToken
from omnify.common.envelope import Code
from tests.support.in_process.api import Caller, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_token_is_made_shown_once_and_works() -> None:
    caller = organizer()
    event_id = create(caller)
    expires = (timezone.now() + timedelta(days=1)).isoformat()
    sent = {"label": "North entrance", "scope": "check-in", "event_id": event_id, "expires_at": expires}
    answer = caller.post("/tokens", sent)
    made = answer.json()["data"]
    assert answer.status_code == 201
    assert {name: made[name] for name in ("label", "scope", "event_id")} == {
        "label": "North entrance",
        "scope": "check-in",
        "event_id": event_id,
    }
    entrance = Caller(token=made["token"])
    assert entrance.get(f"/events/{event_id}/attendees").status_code == 200
    assert entrance.get(f"/events/{event_id}/stats").status_code == 403
    listed = caller.get("/tokens")
    assert made["token"] not in listed.content.decode()
    newest, own = listed.json()["data"]["results"]
    assert (newest["id"], newest["current"], own["current"]) == (made["id"], False, True)
    assert newest["last_used_at"] is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scope": "everything"}, "scope"),
        ({"scope": None}, "scope"),
        ({"label": ""}, "label"),
        ({"label": "a" * 101}, "label"),
        ({"event_id": 1}, "event_id"),
        ({"event_id": "1"}, "event_id"),
        ({"scope": "check-in", "event_id": 2**70}, "event_id"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, object], field: str) -> None:
    answer = organizer().post("/tokens", {"label": "Door", "scope": "full", **changes})
    assert (answer.status_code, answer.json()["code"]) == (400, Code.INVALID)
    assert list(answer.json()["errors"]) == [field]


def test_a_scope_that_is_none_is_told_which_there_are() -> None:
    answer = organizer().post("/tokens", {"label": "Door", "scope": "everything"})
    assert answer.json()["errors"] == {"scope": ["This must be one of full, read, check-in."]}


def test_another_organizers_event_is_no_event() -> None:
    theirs = create(organizer("other"))
    sent = {"label": "Door", "scope": "check-in", "event_id": theirs}
    assert organizer().post("/tokens", sent).json()["errors"] == {"event_id": ["You have no such event."]}


def test_a_revoked_token_stops_at_once_and_others_stay() -> None:
    caller, other = organizer(), organizer("other")
    made = caller.post("/tokens", {"label": "Script", "scope": "full"}).json()["data"]
    second = Caller(token=made["token"])
    assert second.get("/tokens").status_code == 200
    assert other.send("DELETE", f"/tokens/{made['id']}").json()["code"] == Code.TOKEN_NOT_FOUND
    for _ in range(2):
        answer = caller.send("DELETE", f"/tokens/{made['id']}")
        assert answer.status_code == 200
        assert answer.json()["data"]["revoked_at"] is not None
    assert second.get("/tokens").status_code == 401
    assert caller.get("/tokens").status_code == 200
    assert OrganizerToken.objects.filter(revoked_at=None).count() == 2


def test_no_such_token_is_404() -> None:
    caller = organizer()
    for text in ("0", "999", "x", "9" * 30):
        assert caller.send("DELETE", f"/tokens/{text}").status_code == 404, text
