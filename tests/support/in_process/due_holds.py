"""Holds whose time is over, in the test's process."""

from __future__ import annotations

from datetime import timedelta

from django.db import connections
from django.utils import timezone

from events.domain.states import Status
from events.models import Event, Registration
from omnify.common.clients import redis_client
from worker.drain import Drain
from worker.expiries import Expirer


def run_out(drain: Drain, event: Event) -> int:
    """Ends all holds of the event, as if their time were over by now. Returns how many. For a thread of its own."""
    try:
        held = Registration.objects.filter(event=event, status=Status.HELD.value)
        number = held.update(expires_at=timezone.now() - timedelta(seconds=1))
        Expirer(client=redis_client(), wake=lambda event_id: None, worker="test").once()
        drain.run(event.pk)
        return number
    finally:
        connections.close_all()
