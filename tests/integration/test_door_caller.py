"""Bearer tokens at the door: an organizer is not limited, and a token that does not count is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import timezone

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.domain.rate_limit import RateLimit
from events.domain.scopes import Scope
from events.domain.tokens import hash_token
from events.models import Event, Organizer, OrganizerToken
from omnify import loader as loaders
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.outages import database_out_of_reach
from tests.support.servers import Services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]
TWO = RateLimit(2, 3600)


@pytest.fixture
def token() -> str:
    return OrganizerToken.issue(Organizer.objects.create(name="acme"))


@pytest.fixture
def own_token(make_event: Make) -> str:
    """Of the organizer whose events `make_event` makes."""
    return OrganizerToken.issue(make_event(load=False).organizer)


async def beside(work: Callable[[], Any]) -> Any:
    """The result of what uses the database, in a thread that leaves no connection behind."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


def test_an_organizer_is_not_limited_on_an_event_of_their_own(
    make_event: Make, servers: Services, redis_client: redis.Redis, own_token: str
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        for number in (0, 1, 2, 2, 2, 3):
            status, headers, _ = await visitor.register(event.pk, number, authorization=f"bearer {own_token}")
            assert (status in (202, 409), "ratelimit" in headers) == (True, False)

    visit(servers, scene, limit=TWO, refusals=RateLimit(1, 3600), loader=LedgerLoader(redis_client))
    assert not list(redis_client.scan_iter(match="*:addresses:*"))
    assert not list(redis_client.scan_iter(match="*:refusals:*"))


def test_another_organizer_is_limited_like_any_client(
    make_event: Make, servers: Services, redis_client: redis.Redis, token: str, own_token: str
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        for number, expected in enumerate((202, 202, 429)):
            status, headers, _ = await visitor.register(event.pk, number, authorization=f"bearer {token}")
            assert (status, "ratelimit" in headers) == (expected, True)
        # All that share a batch: each is told by their own token.
        asked = [visitor.register(event.pk, n, authorization=f"bearer {own_token}") for n in range(10, 14)]
        asked += [visitor.register(event.pk, n, authorization=f"bearer {token}") for n in range(20, 24)]
        assert [reply[0] for reply in await asyncio.gather(*asked)] == [202] * 4 + [429] * 4

    visit(servers, scene, limit=TWO, loader=LedgerLoader(redis_client))


def test_a_callback_is_for_the_events_own_organizer(
    make_event: Make, servers: Services, redis_client: redis.Redis, token: str, own_token: str, queue: Queue
) -> None:
    event = make_event()
    sent = {"name": "Guest", "email": "guest@example.com", "callback_url": "https://example.com/told"}

    async def scene(visitor: Visitor) -> None:
        async def ask(shown: str) -> tuple[int, Any]:
            headers = {"content_type": "application/json", "authorization": f"Bearer {shown}"}
            path = f"/events/{event.pk}/register"
            status, _, body = await visitor.ask("POST", path, json.dumps(sent).encode(), **headers)
            return status, body

        status, body = await ask(token)
        assert (status, body["code"], list(body["errors"])) == (400, "invalid", ["callback_url"])
        assert queue.lengths([event.pk]) == [0]
        assert (await ask(own_token))[0] == 202

    visit(servers, scene, loader=LedgerLoader(redis_client))


def test_a_copy_that_does_not_say_whose_event_it_is_is_loaded_again_for_an_organizer(
    make_event: Make, servers: Services, redis_client: redis.Redis, own_token: str
) -> None:
    """A copy of the release before."""
    event = make_event()
    state = event_keys(event.pk).state

    async def scene(visitor: Visitor) -> None:
        redis_client.hdel(state, "organizer")
        assert (await visitor.register(event.pk, 0))[0] == 202
        assert not redis_client.hexists(state, "organizer")
        for number in range(1, 4):
            assert (await visitor.register(event.pk, number, authorization=f"Bearer {own_token}"))[0] == 202

    visit(servers, scene, limit=TWO, loader=LedgerLoader(redis_client))
    assert redis_client.hget(state, "organizer") == str(event.organizer_id).encode()


@pytest.mark.parametrize("shown", ["Bearer made-up", "Bearer", "bearer  ", "Bearer é", "Bearer {token},Bearer {token}"])
def test_a_token_that_does_not_count_is_refused_as_by_the_api(
    make_event: Make, servers: Services, redis_client: redis.Redis, client: Any, token: str, shown: str
) -> None:
    event, header = make_event(), shown.format(token=token)

    async def scene(visitor: Visitor) -> None:
        status, headers, body = await visitor.register(event.pk, 1, authorization=header)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        # The answer of a view, which the REST framework authenticates.
        theirs = await beside(lambda: client.get("/events", headers={"authorization": header}))
        assert (theirs.status_code, theirs.json(), theirs["WWW-Authenticate"]) == (401, body, "Bearer")

    visit(servers, scene, loader=LedgerLoader(redis_client))


def test_another_scheme_is_no_token(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        assert (await visitor.register(event.pk, 1, authorization="Basic Zm9vOmJhcg=="))[0] == 202

    visit(servers, scene)


def test_a_token_is_looked_up_once_and_a_revoked_one_counts_no_longer_than_30_seconds(
    make_event: Make, servers: Services, redis_client: redis.Redis, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, now, looked = make_event(max_capacity=100), 1000.0, []
    find = loaders.grants

    def counting(hashes: Sequence[str]) -> dict[str, Any]:
        looked.append(list(hashes))
        return find(hashes)

    monkeypatch.setattr(loaders, "grants", counting)
    loader = LedgerLoader(redis_client, clock=lambda: now)

    async def scene(visitor: Visitor) -> None:
        nonlocal now

        async def status(number: int) -> int:
            return (await visitor.register(event.pk, number, authorization=f"Bearer {token}"))[0]

        assert set(await asyncio.gather(*[status(n) for n in range(20)])) == {202}
        assert {name for names in looked for name in names} == {hash_token(token)}
        assert len(looked) == 1
        await beside(lambda: OrganizerToken.objects.update(revoked_at=timezone.now()))
        now += 29
        assert await status(30) == 202
        now += 2
        assert await status(31) == 401
        assert await status(32) == 401
        assert len(looked) == 2

    visit(servers, scene, loader=loader)


def test_a_token_that_cannot_be_checked_is_503(make_event: Make, servers: Services, redis_client: redis.Redis) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite is a file: it does not go away")
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        status, headers, body = await visitor.register(event.pk, 1, authorization="Bearer something")
        assert (status, body["code"], "retry-after" in headers) == (503, "unavailable", True)
        assert (await visitor.register(event.pk, 1))[0] == 202

    with database_out_of_reach():
        visit(servers, scene, loader=LedgerLoader(redis_client))


def test_a_token_that_expires_is_refused_at_once_though_the_door_remembers_it(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    event, wall = make_event(max_capacity=100), timezone.now().timestamp()
    expires = timezone.now() + timedelta(hours=1)
    token = OrganizerToken.issue(Organizer.objects.create(name="acme"), expires_at=expires)
    loader = LedgerLoader(redis_client, wall_clock=lambda: wall)

    async def scene(visitor: Visitor) -> None:
        nonlocal wall
        assert (await visitor.register(event.pk, 1, authorization=f"Bearer {token}"))[0] == 202
        wall = expires.timestamp() - 1
        assert (await visitor.register(event.pk, 2, authorization=f"Bearer {token}"))[0] == 202
        wall = expires.timestamp()
        assert (await visitor.register(event.pk, 3, authorization=f"Bearer {token}"))[0] == 401

    visit(servers, scene, loader=loader)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CHECK_IN])
def test_a_token_of_a_smaller_scope_does_not_count_as_the_organizers(
    make_event: Make, servers: Services, redis_client: redis.Redis, scope: Scope
) -> None:
    event = make_event(max_capacity=100)
    token = OrganizerToken.issue(event.organizer, scope=scope)
    sent = {"name": "Guest 1", "email": "guest1@example.org", "callback_url": "https://example.org/x"}
    headers = {"content_type": "application/json", "authorization": f"Bearer {token}"}

    async def scene(visitor: Visitor) -> None:
        path = f"/events/{event.pk}/register"
        status, _, body = await visitor.ask("POST", path, json.dumps(sent).encode(), **headers)
        assert (status, body["code"]) == (403, "forbidden")
        for number, expected in ((1, 202), (2, 202), (3, 429)):
            assert (await visitor.register(event.pk, number, authorization=f"Bearer {token}"))[0] == expected

    visit(servers, scene, loader=LedgerLoader(redis_client), limit=TWO)
    assert OrganizerToken.objects.get().last_used_at is not None
