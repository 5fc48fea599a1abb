"""`GET /events/{id}/stats`: where an event's registrations stand, now and in the last hours."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from events.admission.history import LONGEST_HOURS, Step, last_steps, level_of
from events.admission.stats import queue_stats
from events.api import openapi, responses
from events.api.refusals import invalid_fields
from events.api.views.base import ApiView, own_event
from events.domain.public import attendee as public
from events.domain.scopes import READERS
from events.domain.states import REJECTION_REASONS
from events.domain.times import iso
from omnify.common.clients import redis_client


class Stats(ApiView):
    """Answers with the numbers of an event's registrations."""

    scopes = {"GET": READERS}

    @openapi.READ_STATS
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Reads the counters from the ledger, the queue and the steps from Redis."""
        event, with_steps, hours = own_event(request, event_id), _wants_steps(request), _hours(request)
        queue = queue_stats(redis_client(), event.pk)
        rejected = {reason.value: event.rejected_counts.get(reason.value, 0) for reason in REJECTION_REASONS}
        steps = last_steps(redis_client(), event.pk, hours=hours) if with_steps else []
        data = public.Stats(
            queued=queue.queued,
            confirmed=event.confirmed_count,
            held=event.held_count,
            waitlisted=event.waitlisted_count,
            rejected=public.RejectedCounts(**rejected),
            cancelled=event.cancelled_count,
            expired=event.expired_count,
            checked_in=event.checked_in_count,
            admitted_per_second=queue.admitted_per_second,
            decided_per_second=queue.decided_per_second,
            oldest_queued_seconds=queue.oldest_queued_seconds,
            step_seconds=level_of(hours).seconds,
            steps=[_render_step(step) for step in steps],
        )
        return responses.ok(data, message="The event's registrations now.")


def _wants_steps(request: Request) -> bool:
    asked = request.query_params.get("steps")
    if asked not in (None, "true", "false"):
        raise invalid_fields({"steps": ["true or false."]})
    return asked != "false"


def _hours(request: Request) -> int:
    asked = request.query_params.get("hours", "1")
    if asked not in map(str, range(1, LONGEST_HOURS + 1)):
        raise invalid_fields({"hours": [f"A whole number from 1 to {LONGEST_HOURS}."]})
    return int(asked)


def _render_step(step: Step) -> public.StatsStep:
    return public.StatsStep(
        at=iso(step.at * 1000),
        admitted=step.admitted,
        queued=step.queued,
        confirmed=step.confirmed,
        held=step.held,
        waitlisted=step.waitlisted,
        decided=step.decided,
        ticket_types=[
            public.TypeStep(id=type_id, taken=taken, waitlisted=waitlisted)
            for type_id, (taken, waitlisted) in sorted(step.types.items())
        ],
    )
