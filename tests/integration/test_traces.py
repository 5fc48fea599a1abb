"""One registration, followed through its spans: from the door to the ledger, the webhook and the mail. A collector
of the test's own gets them by OTLP; everything is in this process, but the stores.

Processes that are killed are in `tests/acceptance/test_traces.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.domain.tickets import reference_of
from events.door.traced import DoorTraces
from events.ledger.traces import find_traces, purge_traces, write_traces
from events.models import Event, Mail, Registration, TicketTrace
from omnify.common.tracing import Traces
from omnify.common.tracing_settings import TracingSettings
from tests.support.in_process.door import Reply, Visitor, visit
from tests.support.in_process.drain import Crash, crash_at, make_drain, make_queue
from tests.support.in_process.outbox import deliver_until, subscribe
from tests.support.mailing import ended, mailing
from tests.support.servers import Services
from tests.support.smtp_server import MailServer, running
from tests.support.trace_collector import Collector, Kept
from tests.support.waiting import wait_until
from tests.support.webhook_receivers import Receivers
from worker.drain import Drain
from worker.traced_deliveries import trace_attempts, trace_mails
from worker.traced_pipeline import TracedPipeline

pytestmark = pytest.mark.django_db(transaction=True)

CALLER, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT, CONSUMER = 2, 3, 5
PERSON = ("Guest", "example.com")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


@pytest.fixture
def traces(collector: Collector) -> Iterator[Traces]:
    """Follows callers, and traces nothing on its own."""
    found = Traces(TracingSettings(0.0, parent_based=True))
    yield found
    found.close()


@pytest.fixture
def drain(redis_client: redis.Redis, traces: Traces) -> Drain:
    return replace(make_drain(make_queue(redis_client)), pipeline=partial(TracedPipeline, traces=traces))


def parent(sampled: bool = True) -> str:
    return f"00-{CALLER}-{CALLERS_SPAN}-{sampled:02d}"


def register(servers: Services, traces: Traces, event: Event, *callers: str | None) -> list[Reply]:
    """Registers a guest for each, with that `traceparent`."""

    async def scene(visitor: Visitor) -> list[Reply]:
        headers = [{"traceparent": caller} if caller else {} for caller in callers]
        return [await visitor.register(event.pk, number, **sent) for number, sent in enumerate(headers)]

    found: list[Reply] = visit(servers, scene, traces=DoorTraces(traces))
    return found


def refs(replies: list[Reply]) -> list[str]:
    assert {reply[0] for reply in replies} == {202}
    return [reference_of(reply[2]["data"]["ticket_id"]) for reply in replies]


def only(spans: list[Kept]) -> Kept:
    [span] = spans
    return span


@pytest.mark.usefixtures("both_ways")
def test_a_registration_is_followed_from_its_caller_to_the_ledger(
    servers: Services, make_event: Callable[..., Event], drain: Drain, traces: Traces, collector: Collector
) -> None:
    event = make_event(max_capacity=1)
    followed, _, sold_out = refs(register(servers, traces, event, parent(), None, parent()))
    drain.run(event.pk)
    traces.close()

    served = collector.named("POST /events/{id}/register")
    assert [(span.kind, span.trace, span.parent) for span in served] == [(SERVER, CALLER, CALLERS_SPAN)] * 2
    assert [span.said["omnify.reference"] for span in served] == [followed, sold_out]
    assert {span.said["http.response.status_code"] for span in served} == {202}
    calls = collector.named("admit")
    assert {link for span in calls for link in span.links} == {span.context for span in served}
    assert {link for span in served for link in span.links} == {span.context for span in calls}

    batch = only(collector.named("decide batch"))
    assert (batch.kind, batch.parent, batch.links) == (CONSUMER, "", {span.context for span in served})
    assert batch.said["messaging.batch.message_count"] == 3
    for name in ("commit", "publish"):
        step = only(collector.named(name))
        assert (step.trace, step.parent) == batch.context
    decided = {span.said["omnify.reference"]: span for span in collector.named("decide")}
    assert {ref: span.said["omnify.status"] for ref, span in decided.items()} == {
        followed: "confirmed",
        sold_out: "rejected",
    }
    for span, server in zip((decided[followed], decided[sold_out]), served, strict=True):
        assert (span.trace, span.parent, span.links) == (CALLER, server.id, {batch.context})
    assert not any(span.failed for span in collector.spans)
    assert {span.service for span in collector.spans} == {"omnify"}
    assert not any(word.encode() in body for word in PERSON for body in collector.bodies)


@pytest.mark.usefixtures("both_ways")
def test_without_a_sampled_caller_nothing_is_traced_and_the_entry_is_as_ever(
    servers: Services, redis_client: redis.Redis, make_event: Callable[..., Event], drain: Drain, traces: Traces,
    collector: Collector,
) -> None:  # fmt: skip
    event = make_event()
    refs(register(servers, traces, event, None, parent(sampled=False), "00-not-valid", parent()))
    entries: Any = redis_client.xrange(f"{{event:{event.pk}}}:queue")
    assert [fields[b"p"][-1:] for _, fields in entries] == [b"]", b"]", b"]", b"\n"]
    assert {tuple(fields) for _, fields in entries} == {(b"t", b"r", b"p")}
    drain.run(event.pk)
    traces.close()
    assert len(collector.named("POST /events/{id}/register")) == 1
    assert only(collector.named("decide batch")).said["messaging.batch.message_count"] == 4
    assert TicketTrace.objects.count() == 1
    assert Registration.objects.filter(event=event).count() == 4


@pytest.mark.usefixtures("both_ways")
def test_a_refusal_is_a_span_without_a_ticket(
    servers: Services, make_event: Callable[..., Event], traces: Traces, collector: Collector
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> list[Reply]:
        ask = partial(visitor.ask, "POST", f"/events/{event.pk}/register", traceparent=parent())
        return [await ask(b"{", content_type="application/json"), await ask(b"{}", content_type="text/plain")]

    assert [reply[0] for reply in visit(servers, scene, traces=DoorTraces(traces))] == [400, 415]
    traces.close()
    assert [span.said["http.response.status_code"] for span in collector.spans] == [400, 415]
    assert not any("omnify.reference" in span.said or span.failed for span in collector.spans)


def test_a_drain_without_tracing_reads_what_a_door_with_it_has_written(
    servers: Services, redis_client: redis.Redis, make_event: Callable[..., Event], traces: Traces
) -> None:
    event = make_event()
    refs(register(servers, traces, event, parent(), None))
    make_drain(make_queue(redis_client)).run(event.pk)
    names = Registration.objects.filter(event=event, status="confirmed").order_by("sequence")
    assert list(names.values_list("name", flat=True)) == ["Guest 0", "Guest 1"]
    assert not TicketTrace.objects.exists()


def test_a_batch_that_was_committed_and_not_published_is_said_to_be_and_the_next_drain_ends_the_trace(
    servers: Services, make_event: Callable[..., Event], drain: Drain, traces: Traces, collector: Collector
) -> None:
    event = make_event()
    [ref] = refs(register(servers, traces, event, parent()))
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    drain.run(event.pk)
    traces.close()
    first, second = collector.named("decide batch")
    assert (first.failed, second.failed, first.links) == (True, False, second.links)
    lost, found = collector.named("decide")
    assert (lost.failed, lost.parent, found.parent) == (True, found.parent, found.parent)
    assert (found.said["omnify.reference"], found.said["omnify.status"]) == (ref, "confirmed")
    # What follows belongs to the decision that was seen.
    assert bytes(TicketTrace.objects.get().context).hex() == found.trace + found.id


def test_webhooks_and_mails_belong_to_the_trace_of_their_registration(
    servers: Services, redis_client: redis.Redis, make_event: Callable[..., Event], drain: Drain, traces: Traces,
    collector: Collector,
) -> None:  # fmt: skip
    event = make_event(mail=True)
    with Receivers() as receivers:
        subscribe(event, receivers.url("/status/500"))
        refs(register(servers, traces, event, parent(), None))
        drain.run(event.pk)
        deliver_until(lambda: len(receivers.got) == 2, on_recorded=partial(trace_attempts, traces))
    first = Mail.objects.filter(event=event).order_by("pk")[0]
    told = partial(trace_mails, traces)
    with running(MailServer()) as server, mailing(server, redis_client, on_recorded=told):
        wait_until(ended(first), "it is sent")
    traces.close()
    decided = only(collector.named("decide"))
    sent, mailed = only(collector.named("deliver webhook")), only(collector.named("send mail"))
    assert [(one.trace, one.parent, one.kind) for one in (sent, mailed)] == [(CALLER, decided.id, CLIENT)] * 2
    assert (sent.said["omnify.message"], sent.said["http.response.status_code"], sent.failed) == (
        "registration.confirmed",
        500,
        True,
    )
    assert (mailed.said["omnify.outcome"], mailed.failed) == ("sent", False)
    assert not any(word.encode() in body for word in PERSON for body in collector.bodies)


def test_what_is_kept_of_a_trace_is_removed_after_a_week(make_event: Callable[..., Event]) -> None:
    event, now = make_event(), timezone.now()
    for key, days in (("a" * 20, 8), ("b" * 20, 6)):
        write_traces(event.pk, {key: bytes(24)}, now=now - timedelta(days=days))
    assert purge_traces(now=now) == 1
    assert find_traces([(event.pk, "a" * 20), (event.pk, "b" * 20)]) == {(event.pk, "b" * 20): bytes(24)}
