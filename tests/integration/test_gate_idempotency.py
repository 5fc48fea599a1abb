"""What the gate does with an Idempotency-Key that it remembers, and with one whose registration it refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from events.admission import keys as k
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.models import Event
from tests.support.in_process.gate import apply_for, kinds
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]

Admit = Callable[..., AdmitReply]


def test_another_body_is_refused_for_a_day_at_least_and_remembered_by_its_own_clock(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    mine, other = apply_for(1, key="K" * 20, note="aa"), apply_for(2, key="L" * 20, note="aa")
    admit(event.pk, [mine])
    [name] = [name for name in event_keys(event.pk).keys if redis_client.exists(name)]
    assert 86_400 < k.KEYS_TTL_SECONDS - 60 < redis_client.ttl(name) <= k.KEYS_TTL_SECONDS
    # It may stand in any of the days' hashes, whichever is today's.
    for slot in event_keys(event.pk).keys:
        redis_client.rename(name, slot)
        name = slot
        assert kinds(admit(event.pk, [other])) == ["key_reused"]
    drain.run(event.pk)
    redis_client.delete(*event_keys(event.pk).decided)
    assert kinds(admit(event.pk, [other])) == ["key_reused"]


@pytest.mark.parametrize("refusal", ["sold out", "queue full"])
def test_a_key_whose_registration_was_refused_has_promised_nothing(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, refusal: str
) -> None:
    event = make_event(max_capacity=1)
    admit(event.pk, [apply_for(0)])
    if refusal == "sold out":
        drain.run(event.pk)
    mine, other = apply_for(1, key="K" * 20, note="aa"), apply_for(2, key="L" * 20, note="aa")
    reply = admit(event.pk, [mine, mine, other], queue_limit=1)
    assert kinds(reply) == ["sold_out" if refusal == "sold out" else "queue_full"] * 3
    assert not redis_client.exists(*event_keys(event.pk).keys)
    redis_client.hset(event_keys(event.pk).state, "capacity", 9)
    assert kinds(admit(event.pk, [other, mine])) == ["admitted", "key_reused"]


def test_one_batch_with_one_key_and_two_bodies_takes_the_first(make_event: Make, admit: Admit) -> None:
    event = make_event()
    mine, other = apply_for(1, key="K" * 20, note="aa"), apply_for(2, key="L" * 20, note="aa")
    assert kinds(admit(event.pk, [mine, other, mine, other])) == ["admitted", "key_reused", "queued", "key_reused"]


def test_the_retry_of_a_known_ticket_comes_before_every_refusal(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    mine = apply_for(1, key="K" * 20, note="aa")
    admit(event.pk, [mine])
    closed = {"closes": 1}
    redis_client.hset(event_keys(event.pk).state, mapping=closed)
    assert kinds(admit(event.pk, [mine], queue_limit=1)) == ["queued"]
    drain.run(event.pk)
    redis_client.hset(event_keys(event.pk).state, mapping=closed)
    assert kinds(admit(event.pk, [mine], queue_limit=1)) == ["decided"]


def test_a_lost_ticket_is_taken_in_again_under_its_key_and_another_body_is_not(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    mine, other = apply_for(1, key="K" * 20, note="aa"), apply_for(2, key="L" * 20, note="aa")
    admit(event.pk, [mine])
    redis_client.delete(event_keys(event.pk).queue)
    assert kinds(admit(event.pk, [other, mine])) == ["key_reused", "admitted"]


def test_of_a_note_that_an_earlier_release_wrote_the_beginning_of_a_key_is_enough(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    mine, other = apply_for(1, key="KKKKKK" + "A" * 14, note="aa"), apply_for(2, key="KKKKKL" + "A" * 14, note="aa")
    redis_client.hset(event_keys(event.pk).keys[0], "aa", "KKKKKK")
    assert kinds(admit(event.pk, [other, mine])) == ["key_reused", "admitted"]
