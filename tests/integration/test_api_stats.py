"""Statistics of an event: every counter, and what an outage of Redis does to them."""

from __future__ import annotations

import pytest

from events.domain.states import REJECTION_REASONS
from events.models import Event
from tests.support.in_process.api import create, organizer
from tests.support.in_process.outages import redis_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)


def test_stats_have_every_reason() -> None:
    caller = organizer()
    event_id = create(caller)
    Event.objects.filter(pk=event_id).update(confirmed_count=3, cancelled_count=1, rejected_counts={"sold_out": 7})
    data = caller.get(f"/events/{event_id}/stats").json()["data"]
    assert data == {
        "queued": 0,
        "confirmed": 3,
        "held": 0,
        "waitlisted": 0,
        "rejected": {reason.value: 7 if reason == "sold_out" else 0 for reason in REJECTION_REASONS},
        "cancelled": 1,
        "expired": 0,
        "checked_in": 0,
        "admitted_per_second": 0.0,
        "decided_per_second": 0.0,
        "oldest_queued_seconds": 0.0,
        "step_seconds": 10,
        "steps": [],
    }


def test_stats_without_redis_are_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    caller = organizer()
    event_id = create(caller)
    with redis_out_of_reach():
        answer = caller.get(f"/events/{event_id}/stats")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0
    assert not [record for record in caplog.records if record.exc_info], "an outage is no fault of ours to trace"
