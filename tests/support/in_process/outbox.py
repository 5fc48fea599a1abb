"""Helpers for tests of webhooks: subscriptions, changes, claims, and a dispatcher that runs until nothing is due."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from events.domain.outcome import Outcome
from events.domain.states import Reason, Status
from events.domain.webhooks.message import MessageType
from events.domain.webhooks.retry import AttemptResult
from events.ledger.webhooks.attempts import Attempt, record
from events.ledger.webhooks.claims import ClaimedDelivery, EndpointCapacity, claim
from events.ledger.webhooks.outbox import write_messages
from events.ledger.webhooks.subscriptions import create_webhook
from events.models import Event, Webhook, WebhookDelivery
from tests.support.waiting import DEADLINE_SECONDS
from worker.webhooks.client import WebhookClient
from worker.webhooks.context import DispatchContext
from worker.webhooks.dispatcher import Dispatcher
from worker.webhooks.signed_request import RequestSigner
from worker.webhooks.thread import DispatcherThread

ALL = [kind.value for kind in MessageType]
URL = "https://example.org/hook"
_numbers = itertools.count(1)


def subscribe(event: Event, url: str = URL, *, types: Sequence[str] = ALL, of_event: bool = False) -> Webhook:
    """A webhook of the event's organizer."""
    return create_webhook(
        organizer=event.organizer, url=url, event_types=list(types), event=event if of_event else None
    )[0]


def change(status: Status = Status.CONFIRMED, *, ticket: int | None = None, revision: int = 1, **more: Any) -> Outcome:
    """A change of one ticket's status."""
    number = next(_numbers) if ticket is None else ticket
    return Outcome(
        key=f"{number:020d}",
        status=status,
        reason=Reason.SOLD_OUT if status is Status.REJECTED else None,
        sequence=number,
        requested_ms=1_790_000_000_123,
        decided_ms=1_790_000_000_456,
        revision=revision,
        **more,
    )


def write(event: Event, *changes: Outcome, sold_out: bool = False) -> int:
    """Writes their messages."""
    return write_messages(event, changes, now=timezone.now(), sold_out=sold_out)


def take(
    *,
    now: datetime | None = None,
    per_endpoint: int = 100,
    total: int = 1000,
    capacities: dict[int, EndpointCapacity] | None = None,
) -> list[ClaimedDelivery]:
    """A claim as a worker makes it, a second from now unless told."""
    now = now or timezone.now() + timedelta(seconds=1)
    return claim(
        now=now, until=now + timedelta(seconds=45), capacities=capacities or {}, per_endpoint=per_endpoint, total=total
    )


def end(
    rows: Sequence[ClaimedDelivery], status: int | None = 204, *, at: datetime | None = None, retry_after: float = 0
) -> Any:
    """Records the same result for all of them."""
    at = at or timezone.now()
    result = AttemptResult(status=status, started_at=at, ended_at=at, retry_after=retry_after)
    error = "" if result.delivered else "bad_status"
    return record([Attempt(delivery=row, result=result, error=error, jitter=0.0) for row in rows], now=at)


def states(webhook: Webhook) -> list[str]:
    """In order of the messages."""
    return list(WebhookDelivery.objects.filter(webhook=webhook).order_by("pk").values_list("state", flat=True))


def context(*, timeout_seconds: float = 15.0, **options: Any) -> DispatchContext:
    """What a dispatcher is given, for receivers on this machine."""
    client = WebhookClient(allow_private=True, timeout_seconds=timeout_seconds)
    signer = RequestSigner(secrets=(settings.ENV.secret_key,), allow_private=True)
    return DispatchContext(client=client, signer=signer, **options)


def deliver_until(
    done: Callable[[], object],
    *,
    seconds: float = DEADLINE_SECONDS,
    timeout_seconds: float = 15.0,
    speed: int = 1,
    end_attempts: Callable[[], None] = lambda: None,
    **options: Any,
) -> None:
    """Runs a real dispatcher beside this thread until `done()`, and stops it in an orderly way.

    `speed`: how many seconds pass for the schedule and the breaker in a real one. The dispatcher looks as often, and
    its claims last as long as without: how long the machine takes is measured in real seconds.
    `end_attempts` ends what is under way; it is called once no new ones begin. `options` are a dispatcher's.
    """
    begun = timezone.now()

    def clock() -> datetime:
        return begun + speed * (timezone.now() - begun)

    class Stopping(Dispatcher):
        def stop(self) -> None:
            super().stop()
            end_attempts()

    dispatcher = DispatcherThread(
        lambda: Stopping(context(timeout_seconds=timeout_seconds, clock=clock, haste=1 / speed, **options))
    )
    dispatcher.start()
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
        if speed > 1:
            dispatcher.wake()
    in_time = done()
    dispatcher.stop()
    assert in_time, "the dispatcher did not come so far in time"
