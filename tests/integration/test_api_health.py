"""Alive, and ready: each thing that is missing is named, and nothing hangs."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest
import redis
from django.db import connection

from events.admission.heartbeat import Duty, beat, leave, report_done
from events.api.health import TIMEOUT_SECONDS, Check
from tests.support.in_process.api import ANYONE
from tests.support.in_process.outages import database_out_of_reach, redis_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)


def test_ready_once_a_worker_beats(redis_client: redis.Redis) -> None:
    answer = ANYONE.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert list(answer.json()["errors"]) == ["workers"]
    assert int(answer["Retry-After"]) > 0
    beat(redis_client, "a worker")
    answer = ANYONE.get("/health/ready")
    assert answer.status_code == 200
    needed = {"redis": "ok", "database": "ok", "workers": "ok"}
    told = {"deliverers": "None is alive: webhooks wait.", "mailers": "None is alive: mail waits."}
    assert answer.json()["data"] == needed | told
    report_done(redis_client, "another worker", [Duty.DELIVER, Duty.MAIL])
    assert ANYONE.get("/health/ready").json()["data"] == needed | dict.fromkeys(told, "ok")
    leave(redis_client, "a worker")
    assert ANYONE.get("/health/ready").status_code == 503


def test_without_redis_it_is_alive_and_not_ready() -> None:
    with redis_out_of_reach():
        assert list(ANYONE.get("/health/ready").json()["errors"]) == ["redis", "workers"]
        assert ANYONE.get("/health/live").json()["data"] == {"status": "alive"}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a file is always in reach")
def test_without_the_database_it_is_alive_and_not_ready(redis_client: redis.Redis) -> None:
    beat(redis_client, "a worker")
    with database_out_of_reach():
        # A token would be looked up in the database.
        headers = {"authorization": "Bearer nope"}
        assert list(ANYONE.get("/health/ready", **headers).json()["errors"]) == ["database"]
        assert ANYONE.get("/health/live", **headers).status_code == 200


def test_requests_while_a_check_hangs_wait_for_the_same_one() -> None:
    release, probes = threading.Event(), []

    def probe() -> str:
        probes.append(1)
        release.wait(TIMEOUT_SECONDS)
        return "slow"

    check = Check(probe)
    first, second = check.start(), check.start()
    assert first is second
    assert not first.done()
    release.set()
    wait([first])
    assert (first.result(), len(probes)) == ("slow", 1)
    assert check.start() is not first


def test_a_check_that_breaks_is_not_a_check_that_passes() -> None:
    def probe() -> str:
        raise ValueError("secret")

    assert Check(probe).start().result(timeout=100) == "ValueError."
