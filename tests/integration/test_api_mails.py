"""`GET /events/{id}/mails`: what an organizer sees of mails that did not arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.models import Event, Mail
from tests.support.in_process.api import create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def write(event: Event, number: int, **fields: Any) -> Mail:
    """A mail of a ticket of its own."""
    now = timezone.now()
    times = {"created_at": now, "next_attempt_at": now}
    return Mail.objects.create(
        event=event, ticket_key=f"{number}".ljust(20, "k"), kind="confirmed", **{**times, **fields}
    )


def test_what_was_not_delivered_is_listed_newest_first_and_without_addresses() -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    at = timezone.now() - timedelta(minutes=1)
    write(event, 1, state="bounced", last_status="550 5.1.1", last_error="recipient", attempts=1, last_attempt_at=at)
    write(event, 2, state="sent")
    write(event, 3, state="pending", last_error="connection")
    write(event, 4, state="failed", last_error="content", attempts=12)
    other = Event.objects.get(pk=create(caller))
    write(other, 5, state="bounced")
    results = caller.get(f"/events/{event.pk}/mails").json()["data"]["results"]
    assert [(one["reference"], one["state"], one["status"], one["error"]) for one in results] == [
        (f"{event.pk}-4kkkkkkk", "failed", "", "content"),
        (f"{event.pk}-1kkkkkkk", "bounced", "550 5.1.1", "recipient"),
    ]
    assert results[1]["next_attempt_at"] is None
    (waiting,) = caller.get(f"/events/{event.pk}/mails?state=pending").json()["data"]["results"]
    assert (waiting["reference"], waiting["next_attempt_at"] is None) == (f"{event.pk}-3kkkkkkk", False)
    assert caller.get(f"/events/{event.pk}/mails?state=sent").status_code == 400


def test_another_organizer_sees_none() -> None:
    event_id = create(organizer())
    assert organizer("Others").get(f"/events/{event_id}/mails").status_code == 404
