"""The outbox: each change is written once, with its decision, for every webhook that wants it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from events.domain.commands import Callback
from events.domain.states import Status
from events.ledger.webhooks.subscriptions import change_webhook, delete_webhook
from events.models import Event, Registration, Webhook, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.gate import apply_for
from tests.support.in_process.outbox import change, states, subscribe, write
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
postgres_only = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks the whole database")


def test_each_change_is_written_for_each_webhook_that_wants_it(make_event: Make) -> None:
    event = make_event()
    everything = subscribe(event)
    confirmed = subscribe(event, types=["registration.confirmed"])
    assert write(event, change(), change(Status.REJECTED), change(Status.WAITLISTED, position=3)) == 4
    rows = WebhookDelivery.objects.filter(webhook=everything).order_by("pk")
    assert [(row.type, row.reason, row.position) for row in rows] == [
        ("registration.confirmed", "", None),
        ("registration.rejected", "sold_out", None),
        ("registration.waitlisted", "", 3),
    ]
    assert states(confirmed) == ["pending"]


def test_only_webhooks_of_the_organizer_that_are_on_and_for_the_event_count(make_event: Make) -> None:
    from events.models import Organizer

    event, other = make_event(), make_event()
    foreign = make_event()
    foreign.organizer = Organizer.objects.create(name="Others")
    foreign.save()
    wanted = subscribe(event, of_event=True)
    subscribe(other, of_event=True)
    subscribe(foreign)
    off, gone = subscribe(event), subscribe(event)
    change_webhook(off, fields={"enabled": False}, now=timezone.now())
    delete_webhook(gone, now=timezone.now())
    assert write(event, change()) == 1
    assert WebhookDelivery.objects.get().webhook == wanted


def test_without_a_webhook_a_batch_costs_one_query_and_its_row_in_the_log(
    make_event: Make, django_assert_num_queries: Callable[..., object]
) -> None:
    event = make_event()
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        assert write(event, *(change() for _ in range(50))) == 0


@postgres_only
def test_a_batch_is_one_statement(make_event: Make, django_assert_num_queries: Callable[..., object]) -> None:
    event = make_event()
    subscribe(event), subscribe(event)
    # The batch's row in the log, whether there are webhooks, which of them, and all messages at once.
    with django_assert_num_queries(4):  # type: ignore[attr-defined]
        assert write(event, *(change() for _ in range(500))) == 1000


def test_sold_out_is_told_once_with_the_event_in_its_public_form(
    make_event: Make, admit: Callable[..., object], drain: Drain
) -> None:
    event = make_event(max_capacity=2)
    webhook = subscribe(event, types=["event.sold_out"])
    for number in range(4):
        admit(event.pk, [apply_for(number)])
        drain.run(event.pk)
    [row] = WebhookDelivery.objects.filter(webhook=webhook)
    assert row.type == "event.sold_out"
    assert '"seats_left":0' in row.data
    assert '"registration_state":"sold_out"' in row.data


def test_messages_are_written_with_the_decisions_or_not_at_all(
    make_event: Make, admit: Callable[..., object], drain: Drain
) -> None:
    from dataclasses import replace

    class Crash(BaseException):
        pass

    def crash(failpoint: Failpoint) -> None:
        if failpoint == "drain.before_commit":
            raise Crash

    event = make_event(max_capacity=2)
    webhook = subscribe(event)
    admit(event.pk, [apply_for(n) for n in range(3)])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash).run(event.pk)
    assert states(webhook) == []
    hints: list[str] = []
    replace(drain, wake_dispatchers=lambda: hints.append("!")).run(event.pk)
    assert sorted(WebhookDelivery.objects.filter(webhook=webhook).values_list("type", flat=True)) == [
        "event.sold_out",
        "registration.confirmed",
        "registration.confirmed",
        "registration.rejected",
    ]
    assert hints == ["!"]


def test_a_batch_that_is_applied_twice_tells_once(make_event: Make, admit: Callable[..., object], drain: Drain) -> None:
    from dataclasses import replace

    class Crash(BaseException):
        pass

    def crash(failpoint: Failpoint) -> None:
        if failpoint == "drain.after_commit":
            raise Crash

    event = make_event()
    webhook = subscribe(event)
    admit(event.pk, [apply_for(n) for n in range(3)])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash).run(event.pk)
    drain.run(event.pk)
    assert Registration.objects.filter(event=event).count() == 3
    assert states(webhook) == ["pending"] * 3


def test_callbacks_go_out_under_the_default_secret_server_by_server(make_event: Make) -> None:
    event = make_event()
    urls = ["https://a.example/1", "https://a.example/2", "https://b.example:8443/"]
    assert write(event, change(), *(change(callback=Callback(url, event.organizer_id)) for url in urls)) == 3
    default = Webhook.objects.get(url="")
    rows = WebhookDelivery.objects.filter(webhook=default).order_by("pk")
    assert [row.url for row in rows] == urls
    assert len({row.endpoint_id for row in rows}) == 2
    origins = WebhookEndpoint.objects.filter(webhook=default).values_list("origin", flat=True)
    assert set(origins) == {"https://a.example:443", "https://b.example:8443"}
    subscription = subscribe(event)
    assert write(event, change(callback=Callback(urls[0], event.organizer_id))) == 2
    assert WebhookDelivery.objects.get(webhook=subscription).url == ""


# Secrets, and forgetting
