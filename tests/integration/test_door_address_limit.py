"""The limit on addresses at the door: who counts, by which address, and what the answer says of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from events.domain.rate_limit import RateLimit
from events.models import Event
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import tickets
from tests.support.servers import Services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]

TWO = RateLimit(2, 3600)


def test_the_third_of_two_from_one_address_is_told_when_to_come_again(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        for left in (1, 0):
            status, headers, _ = await visitor.register(event.pk, left)
            assert status == 202
            assert headers["ratelimit-policy"] == '"register";q=2;w=3600'
            field, _, seconds = headers["ratelimit"].rpartition(";t=")
            assert field == f'"register";r={left}'
            assert 1 <= int(seconds) <= 3600
        status, headers, body = await visitor.register(event.pk, "late")
        assert (status, body["code"], body["errors"]) == (429, "rate_limited", None)
        assert headers["ratelimit-policy"] == '"register";q=2;w=3600'
        assert headers["ratelimit"] == f'"register";r=0;t={headers["retry-after"]}'
        assert 1 <= int(headers["retry-after"]) <= 7200
        visitor.address = "192.0.2.2"
        assert (await visitor.register(event.pk, "late"))[0] == 202

    visit(servers, scene, limit=TWO)


def test_a_counted_refusal_says_what_is_left_and_an_own_ticket_does_not(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, _, first = await visitor.register(event.pk, 1, idempotency_key="a")
        status, headers, _ = await visitor.register(event.pk, 1)
        assert (status, headers["ratelimit"][:15]) == (409, '"register";r=0;')
        assert (await visitor.register(event.pk, 2))[0] == 429
        status, headers, again = await visitor.register(event.pk, 1, idempotency_key="a")
        assert (status, again["data"]["ticket_id"]) == (202, first["data"]["ticket_id"])
        assert "ratelimit" not in headers

    visit(servers, scene, limit=TWO)


def test_no_header_chooses_the_address_that_counts(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> list[int]:
        return [
            (await visitor.register(event.pk, n, x_forwarded_for=f"198.51.100.{n}, 203.0.113.7"))[0] for n in range(4)
        ]

    assert visit(servers, scene, limit=TWO) == [202, 202, 429, 429]
    assert visit(servers, scene, limit=TWO, trusted_proxies=1) == [409, 409, 429, 429]
    assert visit(servers, scene, limit=TWO, trusted_proxies=2) == [409, 409, 202, 202]


def test_no_address_is_kept_in_clear(make_event: Make, servers: Services, redis_client: redis.Redis) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        await visitor.register(event.pk, 1)

    visit(servers, scene, limit=TWO)
    fields = [field for name in redis_client.scan_iter(match="*:addresses:*") for field in redis_client.hkeys(name)]
    assert sorted(fields) == sorted([b"w", tickets.address_digest("192.0.2.1").encode()])
