"""What is counted of access codes once a store has lost data: by the ledger, and each use once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from events.admission.replies import AdmitReply
from events.models import AccessCode, Event
from events.services.republish import republish
from tests.support.in_process.codes import counted, give_codes, load, with_code
from tests.support.in_process.events import commits_that_the_standby_lacks
from tests.support.in_process.gate import apply_for, kinds
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_a_redis_that_was_emptied_has_the_counts_again_from_the_ledger(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=3)
    assert set(kinds(admit(event.pk, [with_code(event, n, "SPRING") for n in range(2)]))) == {"admitted"}
    drain.run(event.pk)
    assert kinds(admit(event.pk, [with_code(event, 2, "SPRING")])) == ["admitted"]
    redis_client.flushall()  # the third is lost with its entry
    event.refresh_from_db()
    load(redis_client, event)
    assert counted(redis_client, event) == ([2], [2], {})
    assert kinds(admit(event.pk, [with_code(event, n, "SPRING") for n in (3, 4)])) == ["admitted", "code_invalid"]


def test_codes_that_were_made_while_redis_was_away_are_published_by_the_sweep(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING")
    give_codes(None, event, "SUMMER")
    assert kinds(admit(event.pk, [with_code(event, 1, "SUMMER")])) == ["code_invalid"]
    assert republish(drain.queue, redis_client, [event.pk], digest=drain.digest) == 1
    assert kinds(admit(event.pk, [with_code(event, 1, "SUMMER")])) == ["admitted"]


def test_codes_that_were_made_while_redis_was_away_do_not_hide_behind_the_next_decisions(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event()
    give_codes(redis_client, event, "SPRING")
    assert kinds(admit(event.pk, [apply_for(1)])) == ["admitted"]
    give_codes(None, event, "SUMMER")
    drain.run(event.pk)
    assert kinds(admit(event.pk, [with_code(event, 2, "SUMMER")])) == ["admitted"]


def test_codes_that_a_promoted_standby_lacks_are_forgotten(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=2)
    before = AccessCode.objects.get()
    with commits_that_the_standby_lacks(event):
        assert kinds(admit(event.pk, [with_code(event, 1, "SPRING")])) == ["admitted"]
        drain.run(event.pk)
        give_codes(redis_client, event, "SUMMER")
    AccessCode.objects.exclude(pk=before.pk).delete()
    before.save()
    drain.take_back(event.pk)
    event.refresh_from_db()
    load(redis_client, event)
    assert counted(redis_client, event) == ([0], [0], {})
    assert kinds(admit(event.pk, [with_code(event, n, "SPRING") for n in (2, 3, 4)])) == [
        *("admitted", "admitted", "code_invalid")
    ]
    assert kinds(admit(event.pk, [with_code(event, 5, "SUMMER")])) == ["code_invalid"]
