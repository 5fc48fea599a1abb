"""What happens when Redis has forgotten, after two days, all that it knew of a ticket: less precise at times,
never wrong. The door is real, and so are Valkey and the ledger; the days are over when the hashes are deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.keys import event_keys
from events.models import Event, Registration
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import tickets
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]
Scene = Callable[[Visitor], Awaitable[Any]]


@pytest.fixture
def enter(servers: Services, redis_client: redis.Redis) -> Callable[[Scene], Any]:
    """Runs a scene at a door that may ask the ledger."""
    return lambda scene: visit(servers, scene, loader=LedgerLoader(redis_client))


def days_later(client: redis.Redis, event: Event) -> None:
    """What has a TTL of days is gone, and nothing else is."""
    keys = event_keys(event.pk)
    client.delete(*keys.decided, *keys.keys, keys.waitlist)


async def present(visitor: Visitor, url: str) -> tuple[str, str | None]:
    _, _, body = await visitor.ask("GET", url)
    return body["data"]["status"], body["data"]["reason"]


async def decide(drain: Drain, event: Event) -> None:
    await asyncio.to_thread(drain.run, event.pk)


async def give_back(visitor: Visitor, drain: Drain, event: Event, url: str) -> None:
    assert (await visitor.ask("DELETE", url))[0] == 202
    await decide(drain, event)


def test_a_key_never_yields_the_ticket_of_another_body_whatever_is_forgotten(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any]
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, mine, _ = await visitor.register(event.pk, 1, idempotency_key="order-1001")
        await decide(drain, event)
        days_later(redis_client, event)
        status, theirs, _ = await visitor.register(event.pk, 2, idempotency_key="order-1001")
        assert status == 202
        assert theirs["location"] != mine["location"]
        await decide(drain, event)
        await give_back(visitor, drain, event, theirs["location"])
        assert await present(visitor, theirs["location"]) == ("cancelled", "by_holder")
        assert await present(visitor, mine["location"]) == ("confirmed", None)

    enter(scene)
    assert Registration.objects.get(event=event, email_key="guest1@example.com").status == "confirmed"


def test_a_waiting_ticket_that_moved_up_stays_its_holders(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any]
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)

    async def scene(visitor: Visitor) -> None:
        _, seat, _ = await visitor.register(event.pk, 1)
        _, waiting, _ = await visitor.register(event.pk, 2, idempotency_key="k")
        await decide(drain, event)
        days_later(redis_client, event)
        await give_back(visitor, drain, event, seat["location"])
        days_later(redis_client, event)
        _, other, _ = await visitor.register(event.pk, 3, idempotency_key="k")
        assert other["location"] != waiting["location"]
        days_later(redis_client, event)
        status, again, _ = await visitor.register(event.pk, 2, idempotency_key="k")
        assert (status, again["location"]) == (202, waiting["location"])
        await decide(drain, event)
        assert await present(visitor, waiting["location"]) == ("confirmed", None)
        assert await present(visitor, other["location"]) == ("waitlisted", None)

    enter(scene)


@pytest.mark.parametrize("since", ["nothing", "cancelled", "checked in"])
def test_a_late_retry_gets_its_ticket_as_it_has_become(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any], since: str
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, mine, _ = await visitor.register(event.pk, 1, idempotency_key="k")
        await decide(drain, event)
        if since == "cancelled":
            await give_back(visitor, drain, event, mine["location"])
        if since == "checked in":
            await asyncio.to_thread(Registration.objects.update, checked_in_at=timezone.now())
        days_later(redis_client, event)
        status, again, body = await visitor.register(event.pk, 1, idempotency_key="k")
        assert (status, again["location"], body["data"]["status"]) == (202, mine["location"], "queued")
        await decide(drain, event)
        expected = ("cancelled", "by_holder") if since == "cancelled" else ("confirmed", None)
        assert await present(visitor, mine["location"]) == expected

    enter(scene)
    [row] = Registration.objects.filter(event=event)
    assert (row.checked_in_at is not None) == (since == "checked in")
    event.refresh_from_db()
    assert event.confirmed_count == int(since != "cancelled")


def test_another_body_whose_mailbox_has_a_seat_is_a_duplicate_by_the_drains_word(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any]
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, mine, _ = await visitor.register(event.pk, "A", idempotency_key="k")
        await decide(drain, event)
        assert (await visitor.register(event.pk, "a"))[2]["code"] == "duplicate_registration"
        days_later(redis_client, event)
        for key in ({"idempotency_key": "k"}, {}):
            status, other, _ = await visitor.register(event.pk, "a", **key)
            assert (status, other["location"] == mine["location"]) == (202, False)
            await decide(drain, event)
            assert await present(visitor, other["location"]) == ("rejected", "duplicate")

    enter(scene)


def test_a_forgotten_ticket_can_be_given_back_and_its_address_registers_again(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any]
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, mine, _ = await visitor.register(event.pk, 1)
        await decide(drain, event)
        days_later(redis_client, event)
        await give_back(visitor, drain, event, mine["location"])
        assert await present(visitor, mine["location"]) == ("cancelled", "by_holder")
        days_later(redis_client, event)
        _, again, body = await visitor.ask("DELETE", mine["location"])
        assert body["data"]["cancellation_sequence"] is None
        _, again, _ = await visitor.register(event.pk, 1)
        await decide(drain, event)
        assert await present(visitor, again["location"]) == ("confirmed", None)

    enter(scene)


def test_a_forgotten_ticket_is_shown_byte_for_byte_as_before_and_is_not_lost(
    make_event: Make, drain: Drain, redis_client: redis.Redis, enter: Callable[[Scene], Any]
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)

    async def scene(visitor: Visitor) -> None:
        urls = [(await visitor.register(event.pk, n))[1]["location"] for n in (1, 2, 3)]
        await decide(drain, event)
        before = [await visitor.ask("GET", url) for url in urls]
        assert [body["data"]["status"] for _, _, body in before] == ["confirmed", "waitlisted", "rejected"]
        days_later(redis_client, event)
        for url, (_, headers, body) in zip(urls, before, strict=True):
            _, later, shown = await visitor.ask("GET", url)
            assert (later["etag"], shown) == (headers["etag"], body)
        assert not redis_client.exists(event_keys(event.pk).lost)
        forgotten = tickets.ticket_id(event_id=event.pk, key=tickets.mint())
        assert await present(visitor, f"/registrations/{forgotten}") == ("lost", None)

    enter(scene)
