"""Organizers and their tokens, from the command line."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from events.models import AuditEntry, Organizer, OrganizerToken
from tests.support.in_process.api import Caller, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def run(command: str, *args: str, **options: Any) -> str:
    """What the command prints on standard output."""
    out = io.StringIO()
    call_command(command, *args, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def allowed(token: str) -> bool:
    return bool(Caller(token=token).get("/events/1/stats").status_code == 404)


def test_a_new_organizers_token_is_all_that_is_printed() -> None:
    printed = run("create_organizer", "acme")
    assert printed == printed.strip() + "\n"
    assert allowed(printed.strip())


def test_a_token_is_kept_as_a_hash_only() -> None:
    token = run("create_organizer", "acme").strip()
    stored = OrganizerToken.objects.get()
    assert token not in str(stored.__dict__)
    assert len(stored.token_hash) == 64


@pytest.mark.parametrize("name", ["", "  ", "a" * 256, "nul\0"])
def test_a_name_must_be_usable(name: str) -> None:
    with pytest.raises(CommandError, match="NAME"):
        run("create_organizer", name)
    assert not Organizer.objects.exists()


def test_a_name_is_taken_once_but_may_get_another_token() -> None:
    first = run("create_organizer", "acme").strip()
    with pytest.raises(CommandError, match="already"):
        run("create_organizer", " acme ")
    second = run("create_organizer", "acme", "--new-token").strip()
    assert first != second
    assert allowed(first)
    assert allowed(second)
    with pytest.raises(CommandError, match="no organizer"):
        run("create_organizer", "unknown", "--new-token")


def test_a_revoked_token_no_longer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (run("create_organizer", "acme", *more).strip() for more in ([], ["--new-token"]))
    monkeypatch.setattr("sys.stdin", io.StringIO(first + "\n"))
    run("revoke_token")
    assert (allowed(first), allowed(second)) == (False, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("omn_unknown\n"))
    with pytest.raises(CommandError):
        run("revoke_token")


def test_all_tokens_of_an_organizer_are_revoked_and_no_others() -> None:
    mine = run("create_organizer", "acme").strip()
    others = organizer("other").token or ""
    run("revoke_token", "--organizer", "acme")
    assert (allowed(mine), allowed(others)) == (False, True)


def test_a_token_for_less_is_made_by_the_same_command() -> None:
    caller = organizer("acme")
    event_id = create(caller)
    options = ("--new-token", "--scope", "check-in", "--event", str(event_id), "--expires", "2d", "--label", "Door")
    token = run("create_organizer", "acme", *options).strip()
    row = OrganizerToken.objects.latest("pk")
    assert (row.scope, row.event_id, row.label) == ("check-in", event_id, "Door")
    assert row.expires_at is not None
    assert timedelta(days=1, hours=23) < row.expires_at - timezone.now() <= timedelta(days=2)
    assert Caller(token=token).get(f"/events/{event_id}/attendees").status_code == 200


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--event", "1"), "--event: only a token with --scope check-in"),
        (("--scope", "check-in", "--event", "99"), "has no event 99"),
        (("--expires", "tomorrow"), "--expires: days such as 90d"),
        (("--expires", "2027-06-02T12:00:00"), "--expires: days such as 90d"),
        (("--expires", "2020-01-01"), "--expires: it must be in the future"),
        (("--expires", "9999-12-31T23:59:59-14:00"), "--expires: The year must lie between 1970 and 9998"),
        (("--expires", "0d"), "--expires: it must be in the future"),
        (("--expires", "2027-02-30"), "--expires: days such as 90d"),
        (("--label", "a" * 101), "--label"),
    ],
)
def test_what_a_token_cannot_be_is_said_and_nothing_is_made(options: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        run("create_organizer", "acme", *options)
    assert not Organizer.objects.exists()
    assert not AuditEntry.objects.exists()
