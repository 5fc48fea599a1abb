"""Signs of life of what workers do beside deciding: given by those who do it, and by none who fails or hangs at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import OperationalError

from events.admission.heartbeat import Duty, leave, report_done, workers_on_duty
from events.admission.keys import DUTIES
from events.admission.queue import Queue
from omnify.common.redis_client import connect
from tests.support.in_process.outages import redis_out_of_reach
from tests.support.in_process.outbox import context
from tests.support.mailing import mailing
from tests.support.smtp_server import MailServer
from tests.support.waiting import wait_until
from worker.draws import Drawer
from worker.duties import Duties
from worker.expiries import Expirer
from worker.sweep import Sweep
from worker.webhooks.dispatcher import Dispatcher

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_done_within_the_last_minute_counts_for_each_worker(redis_client: redis.Redis) -> None:
    first, second = Duties(redis_client, "first"), Duties(redis_client, "second")
    for worker in (first, second):
        worker.noter(Duty.DELIVER)()
    first.noter(Duty.SWEEP)()
    assert workers_on_duty(redis_client) == {}
    first.report()
    second.report()
    assert workers_on_duty(redis_client) == {Duty.DELIVER: 2, Duty.SWEEP: 1}
    # What was done once is reported once; and what is too long ago counts no more.
    for member in redis_client.zrange(DUTIES, 0, -1):
        redis_client.zincrby(DUTIES, -61, member)
    first.report()
    assert workers_on_duty(redis_client) == {}


def test_a_worker_that_leaves_is_on_no_duty_and_one_of_a_later_release_is_left_out(redis_client: redis.Redis) -> None:
    report_done(redis_client, "one", Duty)
    report_done(redis_client, "two", [Duty.MAIL])
    redis_client.zincrby(DUTIES, 2e9, "a later duty three")
    leave(redis_client, "one")
    assert workers_on_duty(redis_client) == {Duty.MAIL: 1}


def test_a_worker_that_cannot_report_goes_on_trying() -> None:
    with redis_out_of_reach():
        duties, stop = Duties(connect(settings.ENV.redis_url), "one"), threading.Event()
        thread = threading.Thread(target=duties.run, args=(stop,), kwargs={"interval_seconds": 0.01})
        thread.start()
        try:
            for _ in range(2):
                duties.noter(Duty.SWEEP)()
                wait_until(lambda: not duties._noted, "it was tried")
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("part", ["sweep", "expiries", "draws"])
def test_a_chore_is_done_when_its_pass_succeeds_and_not_when_it_fails(
    part: str, redis_client: redis.Redis, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    stores = {"client": redis_client, "wake": lambda event_id: None, "done": lambda: done.append(1)}
    made: dict[str, Callable[[], Sweep | Expirer | Drawer]] = {
        "sweep": lambda: Sweep(**stores, queue=queue, digest=lambda event_id, email: b"", worker="tests"),
        "expiries": lambda: Expirer(**stores, worker="tests"),
        "draws": lambda: Drawer(**stores, queue=queue, read_round=lambda number: None),
    }
    _run(made[part](), lambda: done)
    done.clear()
    redis_client.flushdb()
    failed = threading.Event()

    def fails() -> int:
        failed.set()
        raise RuntimeError("anything")

    loop = made[part]()
    monkeypatch.setattr(loop, "once", fails)
    _run(loop, failed.is_set)
    assert not done


def _run(loop: Sweep | Expirer | Drawer, ready: Callable[[], object]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        wait_until(ready, "a pass is over")
    finally:
        stop.set()
        thread.join()


def test_a_dispatcher_that_cannot_claim_is_not_on_duty(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    looks: list[int] = []

    async def deliver() -> None:
        dispatcher = Dispatcher(context(done=lambda: done.append(1)))
        claim = dispatcher._claimer.claim

        async def then_fail(capacities: Any) -> Any:
            looks.append(1)
            dispatcher.wake()
            if len(looks) < 3:
                return await claim(capacities)
            dispatcher.stop()
            raise OperationalError

        monkeypatch.setattr(dispatcher._claimer, "claim", then_fail)
        await dispatcher.run()

    asyncio.run(deliver())
    assert (len(looks), len(done)) == (3, 2)


def test_a_mailer_is_on_duty_while_it_looks_for_mail(redis_client: redis.Redis) -> None:
    looked = threading.Event()
    with mailing(MailServer(), redis_client, done=looked.set):
        wait_until(looked.is_set, "it has looked")
