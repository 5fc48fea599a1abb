"""Behind PgBouncer in transaction mode: nothing rests on a session, and what the roles must have instead is checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import connection

from events.admission.queue import Queue
from events.ledger.durability import durability_problems
from events.ledger.lookup import watched_event_ids
from events.models import Event, WebhookDelivery
from omnify.embedded.ports import free_port
from omnify.postgres.address import postgres_config
from tests.support.in_process.drain import people, statuses
from tests.support.in_process.events import tickets
from tests.support.in_process.outbox import subscribe
from tests.support.pgbouncer import STOP_SECONDS, is_installed, start_pgbouncer, through
from tests.support.servers import Services
from worker.drain import Drain, Drained
from worker.sweep import Sweep

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="PgBouncer is not installed (apt install pgbouncer)"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no pooler"),
]


@pytest.fixture
def pooled(transactional_db: None, servers: Services) -> Iterator[None]:
    """This process's connections go through PgBouncer, which has two for all of them."""
    postgres, settings = servers.postgres, connection.settings_dict
    port = free_port()
    child = start_pgbouncer(postgres, {"all": postgres.url()}, home=servers.home, port=port)
    before = dict(settings)
    name = {"NAME": settings["NAME"]}
    connection.close()
    settings.update({**postgres_config(through(postgres.url(), postgres, port), pooled=True), **name})
    yield
    connection.close()
    settings.clear()
    settings.update(before)
    child.stop(STOP_SECONDS)


def test_events_are_drained_swept_and_claimed_by_several_at_once(
    pooled: None,
    make_event: Callable[..., Event],
    admit: Callable[..., Any],
    give_back: Callable[..., Any],
    drain: Drain,
    queue: Queue,
    redis_client: redis.Redis,
) -> None:
    events = [make_event(max_capacity=30, waitlist_capacity=5) for _ in range(3)]
    subscribe(events[0])
    for event in events:
        keys = people(admit, event, 40)
        give_back(event, *keys[:3])
    failures: list[object] = []

    def work(event: Event) -> None:
        try:
            failures.extend(result for result in [drain.run(event.pk)] if result is not Drained.IDLE)
            assert {event.pk for event in events} <= set(watched_event_ids(all_events=True))
            Sweep(
                client=redis_client, queue=queue, wake=failures.append, digest=tickets.email_digest, worker="t"
            ).once()
        except Exception as problem:
            failures.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for event in events:
        assert statuses(event) == ["cancelled"] * 3 + ["confirmed"] * 30 + ["waitlisted"] * 2 + ["rejected"] * 5
    assert WebhookDelivery.objects.filter(event_id=events[0].pk).count() > 40


def test_limits_that_the_roles_lack_behind_a_pooler_are_named(pooled: None) -> None:
    assert [problem.split(":")[0] for problem in durability_problems()] == ["statement_timeout is 0"]
