"""A real dispatcher in this process, real receivers, a real database: who gets what, and who holds up whom."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from events.domain.states import Status
from events.models import Event, Webhook, WebhookDelivery, WebhookEndpoint
from events.secrets import sealer
from tests.support.in_process.outbox import change, context, deliver_until, states, subscribe, write
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.webhook_receivers import Receivers
from worker.failpoints import Failpoint
from worker.webhooks import endpoint_queue
from worker.webhooks.dispatcher import Dispatcher
from worker.webhooks.endpoint_queue import FIRST_AT_ONCE, FIRST_CLAIM_AHEAD, MOST_AT_ONCE

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as found:
        yield found


def make_due() -> None:
    """As if the schedule's time were over."""
    from django.utils import timezone

    WebhookDelivery.objects.filter(state="pending").update(next_attempt_at=timezone.now())
    WebhookEndpoint.objects.update(open_until=None)


def test_every_message_arrives_once_signed_over_few_connections(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    webhook = subscribe(event, receivers.url("/ok"))
    write(event, *(change() for _ in range(3 * FIRST_CLAIM_AHEAD)))
    deliver_until(lambda: len(receivers.got) >= 3 * FIRST_CLAIM_AHEAD)
    assert states(webhook) == ["delivered"] * 3 * FIRST_CLAIM_AHEAD
    assert len({got.id for got in receivers.got}) == len(receivers.got) == 3 * FIRST_CLAIM_AHEAD
    assert receivers.connections <= MOST_AT_ONCE
    for got in receivers.got:
        got.verify(sealer().open(webhook.secret))


def test_a_failed_message_comes_again_as_it_was(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    webhook = subscribe(event, receivers.url("/flaky/2"))
    write(event, change())
    for attempt in (1, 2, 3):
        make_due()
        deliver_until(lambda attempt=attempt: len(receivers.got) >= attempt)  # type: ignore[misc]
    assert states(webhook) == ["delivered"]
    assert len({(got.id, got.body) for got in receivers.got}) == 1
    assert WebhookDelivery.objects.get().attempts == 3


def test_an_endpoint_that_hangs_delays_no_other_and_holds_few_requests(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    hanging = subscribe(event, receivers.url("/hang"))
    healthy = subscribe(event, receivers.url("/ok"))
    write(event, *(change() for _ in range(200)))
    # Both, however long the machine takes: the hanging requests are all begun, and the others have not waited for them.
    deliver_until(
        lambda: len(receivers.at("/ok")) == 200 and receivers.most_hanging >= FIRST_AT_ONCE,
        timeout_seconds=DEADLINE_SECONDS,
        end_attempts=receivers.close_hanging,
    )
    assert states(healthy) == ["delivered"] * 200
    assert receivers.most_hanging == FIRST_AT_ONCE
    assert set(states(hanging)) == {"pending"}


def test_a_dead_endpoint_is_left_alone_after_some_failures(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    subscribe(event, receivers.url("/status/500"))
    # Far more than are sent before the failures of the first are written down, however slow that is.
    write(event, *(change() for _ in range(500)))
    deliver_until(lambda: WebhookEndpoint.objects.filter(trips=1).exists())
    assert len(receivers.got) < 500
    assert WebhookDelivery.objects.filter(attempts=0, claimed_until=None).exists(), "the rest was given back"


def test_a_dispatcher_that_stops_ends_what_is_under_way_and_gives_the_rest_back(
    make_event: Make, receivers: Receivers
) -> None:
    event = make_event()
    webhook = subscribe(event, receivers.url("/hang"))
    write(event, *(change() for _ in range(50)))
    # No request ends by itself, which would make room for another one.
    deliver_until(
        lambda: len(receivers.got) >= FIRST_AT_ONCE,
        timeout_seconds=DEADLINE_SECONDS,
        end_attempts=receivers.close_hanging,
    )
    assert not WebhookDelivery.objects.exclude(claimed_until=None).exists()
    assert Counter(WebhookDelivery.objects.values_list("attempts", flat=True)) == {
        0: 50 - FIRST_AT_ONCE,
        1: FIRST_AT_ONCE,
    }
    assert set(states(webhook)) == {"pending"}


@pytest.mark.parametrize("problem", [RuntimeError("a part fails"), asyncio.CancelledError("a part fails")])
@pytest.mark.parametrize("failpoint", ["deliver.after_claim", "deliver.before_record"])
def test_a_dispatcher_of_which_a_part_fails_ends(
    make_event: Make, receivers: Receivers, failpoint: Failpoint, problem: BaseException
) -> None:
    """Without its recorder, say, it would go on sending and record nothing. Its process is started again."""
    subscribe(make_event(), receivers.url("/ok"))
    write(Event.objects.get(), change())

    def fail(reached: Failpoint) -> None:
        if reached == failpoint:
            raise problem

    with pytest.raises((BaseExceptionGroup, asyncio.CancelledError)):
        asyncio.run(Dispatcher(context(checkpoint=fail)).run())


def test_the_claim_that_ends_an_idle_time_brings_messages_that_are_recorded(
    make_event: Make, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second message of a ticket comes with the claim after that of the first, which has brought nothing more."""
    monkeypatch.setattr(endpoint_queue, "IDLE_CLAIMS", 0)
    webhook = subscribe(make_event(), receivers.url("/ok"))
    write(Event.objects.get(), change(ticket=7), change(Status.CANCELLED, ticket=7, revision=2))

    async def deliver() -> None:
        dispatcher = Dispatcher(context())
        async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(dispatcher.run())
            while len(receivers.got) < 2:
                await asyncio.sleep(0.02)
            dispatcher.stop()

    asyncio.run(deliver())
    assert states(webhook) == ["delivered"] * 2


def test_a_secret_that_cannot_be_opened_stops_only_its_own_messages(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    broken, healthy = subscribe(event, receivers.url("/never")), subscribe(event, receivers.url("/ok"))
    Webhook.objects.filter(pk=broken.pk).update(secret="sealed under another key")
    write(event, change())
    deliver_until(lambda: WebhookDelivery.objects.filter(attempts=1).count() == 2)
    assert (states(broken), states(healthy)) == (["pending"], ["delivered"])
    assert WebhookDelivery.objects.get(webhook=broken).last_error == "secret_unreadable"
    assert receivers.at("/never") == []


def test_a_url_that_is_no_longer_allowed_is_not_called(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    webhook = subscribe(event, "http://2130706433/")
    write(event, change())
    deliver_until(lambda: WebhookDelivery.objects.filter(attempts=1).exists())
    assert WebhookDelivery.objects.get(webhook=webhook).last_error == "url_refused"


def test_gone_ends_it_for_all_that_waits(make_event: Make, receivers: Receivers) -> None:
    event = make_event()
    webhook = subscribe(event, receivers.url("/status/410"))
    write(event, *(change() for _ in range(3)))
    deliver_until(lambda: Webhook.objects.filter(pk=webhook.pk).exclude(disabled_at=None).exists())
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "gone"
