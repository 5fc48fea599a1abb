"""A code for a hundred seats and ten thousand who come with it, while a drain is killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.requests import AdmissionRequest
from events.models import Event, Registration
from omnify.common.redis_client import connect_async
from tests.support.in_process.codes import give_codes, published, queued, used, with_code
from tests.support.in_process.gate import kinds
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

USES, CROWD, CONNECTIONS, BATCH = 100, 10_000, 20, 50
_DYING_DRAIN = """
import os, signal, sys
import django
django.setup()
from dataclasses import replace
from omnify.common.redis_client import connect
from tests.support.in_process.drain import make_drain, make_queue

def die(failpoint):
    if failpoint == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

drain = make_drain(make_queue(connect(sys.argv[2])))
replace(drain, checkpoint=die, batch=40).run(int(sys.argv[1]))
"""


def rush(servers: Services, event: Event, requests: Sequence[AdmissionRequest]) -> Counter[str]:
    """All at the same time, over many connections."""

    async def come(mine: Sequence[AdmissionRequest]) -> list[str]:
        gate = Gate(connect_async(servers.valkey.url()), queue_limit=CROWD)
        try:
            parts = [mine[start : start + BATCH] for start in range(0, len(mine), BATCH)]
            return [kind for part in parts for kind in kinds(await gate.admit(event.pk, part))]
        finally:
            await gate.aclose()

    async def all_come() -> Counter[str]:
        answers = await asyncio.gather(*[come(requests[n::CONNECTIONS]) for n in range(CONNECTIONS)])
        return Counter(kind for some in answers for kind in some)

    return asyncio.run(all_come())


def kill_a_drain(servers: Services, event: Event, environment: dict[str, str], failpoint: str) -> None:
    """Lets a drain in a process of its own decide a part of the queue, and kills it there."""
    arguments = [sys.executable, "-c", _DYING_DRAIN, str(event.pk), servers.valkey.url(), failpoint]
    done = subprocess.run(arguments, env=environment, check=False, timeout=240)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.soak(only=True)
def test_exactly_as_many_get_in_as_a_code_is_for(
    make_event: Callable[..., Event],
    servers: Services,
    redis_client: redis.Redis,
    drain: Drain,
    give_back: Callable[..., list[Any]],
    process_environment: dict[str, str],
) -> None:
    event = make_event(access="code", max_capacity=CROWD)
    give_codes(redis_client, event, "SPRING", uses=USES)
    guests = [with_code(event, number, "SPRING") for number in range(CROWD)]
    assert rush(servers, event, guests[::2]) == {"admitted": USES, "code_invalid": CROWD // 2 - USES}
    kill_a_drain(servers, event, process_environment, "drain.after_commit")
    assert rush(servers, event, guests[1::4]) == {"code_invalid": CROWD // 4}
    redis_client.delete(event_keys(event.pk).lease)
    drain.run(event.pk)
    assert rush(servers, event, guests[3::4]) == {"code_invalid": CROWD // 4}
    assert (used(event), published(redis_client, event), queued(redis_client, event)) == ([USES], [USES], {})

    keys = list(Registration.objects.filter(event=event, status="confirmed").values_list("ticket_key", flat=True))
    assert len(keys) == USES
    give_back(event, *keys[:7])
    kill_a_drain(servers, event, process_environment, "drain.after_publish")
    redis_client.delete(event_keys(event.pk).lease)
    drain.run(event.pk)
    others = [with_code(event, f"later{number}", "SPRING") for number in range(200)]
    assert rush(servers, event, others)["admitted"] == 7
    drain.run(event.pk)
    assert used(event) == [USES]


def test_a_thousand_invitations_let_a_thousand_in_once_each(
    make_event: Callable[..., Event], servers: Services, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code", max_capacity=5000)
    codes = [f"GUEST{number}" for number in range(1000)]
    give_codes(redis_client, event, *codes)
    twice = [with_code(event, f"{code}-{time}", code) for time in range(2) for code in codes]
    assert rush(servers, event, twice) == {"admitted": 1000, "code_invalid": 1000}
    drain.run(event.pk)
    assert used(event) == [1] * 1000
    assert queued(redis_client, event) == {}
