"""No message starves: what a receiver refuses at first arrives in as many attempts as it wants, and few more pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter

import pytest
from django.utils import timezone

from events.domain.webhooks.retry import FAILURES_TO_OPEN, AttemptResult
from events.ledger.webhooks.attempts import Attempt, record
from events.ledger.webhooks.claims import ClaimedDelivery
from events.models import Event, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.outbox import change, deliver_until, states, subscribe, take, write
from tests.support.webhook_receivers import Receivers

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Answer = Callable[[ClaimedDelivery, int], int]
ROUND = 16  # what a dispatcher may have under way when the breaker opens


def run_until_all_came(answer: Answer, *, most: timedelta) -> tuple[Counter[int], timedelta]:
    """Claims and records as a dispatcher does, on a clock that jumps to the next time that matters.

    `answer` is the receiver: the status for a message and the number of its attempt. Returns the attempts by message,
    and how long it took.
    """
    start = now = timezone.now() + timedelta(seconds=1)
    attempts: Counter[int] = Counter()
    while WebhookDelivery.objects.filter(state="pending").exists() and now - start <= most:
        rows = take(now=now, per_endpoint=ROUND)
        attempts.update(row.id for row in rows)
        record([attempt(row, answer(row, attempts[row.id]), at=now) for row in rows], now=now)
        now = now + timedelta(milliseconds=20) if rows else next_moment(now)
    return attempts, now - start


def attempt(row: ClaimedDelivery, status: int, *, at: datetime) -> Attempt:
    result = AttemptResult(status=status, started_at=at, ended_at=at)
    return Attempt(delivery=row, result=result, error="" if result.delivered else "bad_status", jitter=row.id % 7 / 7)


def next_moment(now: datetime) -> datetime:
    """When something may be sent again: the breaker's time is over, and a message is due."""
    due = WebhookDelivery.objects.filter(state="pending").order_by("next_attempt_at").first()
    assert due is not None
    closed = WebhookEndpoint.objects.get(pk=due.endpoint_id).open_until or now
    return max(due.next_attempt_at, closed, now + timedelta(milliseconds=20))


# The schedule alone makes a message wait 5 seconds, or 5 seconds and 5 minutes.
@pytest.mark.parametrize(("refused", "most"), [(1, timedelta(minutes=2)), (2, timedelta(minutes=30))])
def test_a_receiver_that_refuses_the_first_attempts_of_each_message_gets_all_of_them(
    make_event: Make, refused: int, most: timedelta
) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, *(change() for _ in range(200)))
    attempts, took = run_until_all_came(lambda row, number: 503 if number <= refused else 204, most=most)
    assert states(webhook) == ["delivered"] * 200, f"{Counter(states(webhook))} after {took}"
    assert set(attempts.values()) == {refused + 1}, "no attempt is wasted on one that would be refused again"


def test_a_message_that_is_always_refused_holds_no_other_back(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, *(change() for _ in range(50)))
    poisoned = set(WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True)[: 2 * FAILURES_TO_OPEN])
    run_until_all_came(lambda row, _: 500 if row.id in poisoned else 204, most=timedelta(minutes=5))
    assert Counter(states(webhook))["delivered"] == 50 - len(poisoned)


def test_a_dead_receiver_costs_two_requests_for_each_of_the_breakers_pauses(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, *(change() for _ in range(200)))
    attempts, _ = run_until_all_came(lambda row, number: 503, most=timedelta(hours=2))
    # One round until it opens; then after 5, 10, 20, ... 160 seconds, and from then on every five minutes.
    assert attempts.total() <= ROUND + 2 * (6 + 2 * 12)
    assert set(states(webhook)) == {"pending"}


def test_a_probe_is_the_oldest_message_that_was_tried_before_and_one_that_was_not(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, *(change() for _ in range(5)))
    ids = list(WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True))
    now = timezone.now() + timedelta(minutes=10)
    for pk, minutes in ((ids[1], 1), (ids[3], 5)):
        WebhookDelivery.objects.filter(pk=pk).update(step=1, next_attempt_at=now - timedelta(minutes=minutes))
    WebhookEndpoint.objects.update(failures=FAILURES_TO_OPEN, trips=1, open_until=now)
    assert [row.id for row in take(now=now)] == [ids[0], ids[1]]
    assert [row.id for row in take(now=now)] == [ids[2], ids[3]], "for a second worker"


def test_what_was_tried_before_waits_behind_nothing_new(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, *(change() for _ in range(30)))
    now = timezone.now() + timedelta(minutes=1)
    tried = list(WebhookDelivery.objects.order_by("-pk").values_list("pk", flat=True)[:10])
    WebhookDelivery.objects.filter(pk__in=tried).update(step=1, next_attempt_at=now)
    assert len({row.id for row in take(now=now, per_endpoint=8)} & set(tried)) == 4


def test_a_real_receiver_that_refuses_the_first_attempt_of_each_message_gets_all(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    with Receivers() as receivers:
        type(webhook).objects.filter(pk=webhook.pk).update(url=receivers.url("/each/1"))
        write(event, *(change() for _ in range(200)))
        waiting = WebhookDelivery.objects.filter(state="pending")
        deliver_until(lambda: not waiting.exists(), speed=50)
    assert states(webhook) == ["delivered"] * 200
    tries = Counter(map(attrgetter("id"), receivers.got))
    assert len(tries) == 200
    assert receivers.got[0].path == "/each/1"
    assert set(tries.values()) == {2}
