"""Access codes in the script that admits: who is let in, how often, and how the counts survive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.keys import event_keys
from events.admission.lost import move_to_lost, orphans
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.domain.rate_limit import RateLimit
from events.ledger.queries import event_snapshot
from events.models import AccessCode, Event
from tests.support.in_process.codes import give_codes, load, published, queued, used, with_code
from tests.support.in_process.events import ticket_type
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def hours(count: float) -> datetime:
    return timezone.now() + timedelta(hours=count)


def test_a_code_lets_in_as_often_as_it_is_for_and_no_more(make_event: Make, admit: Admit, redis_client: Any) -> None:
    event = make_event(access="code", max_quantity=3)
    [code] = give_codes(redis_client, event, "SPRING", uses=4)
    asked = [with_code(event, n, "SPRING", quantity=quantity) for n, quantity in enumerate((2, 3, 2, 1))]
    assert kinds(admit(event.pk, asked)) == ["admitted", "code_invalid", "admitted", "code_invalid"]
    assert kinds(admit(event.pk, [with_code(event, 9, "SPRING")])) == ["code_invalid"]
    assert queued(redis_client, event) == {code: 4}


def test_an_event_for_codes_refuses_who_has_none_and_an_open_one_does_not_care(
    make_event: Make, admit: Admit, redis_client: Any
) -> None:
    closed, opened = make_event(access="code"), make_event()
    give_codes(redis_client, closed, "SPRING")
    give_codes(redis_client, opened, "SPRING")
    assert kinds(admit(closed.pk, [apply_for(1), with_code(closed, 2, "s-p r\u2010ing")])) == [
        "code_required",
        "admitted",
    ]
    assert kinds(admit(opened.pk, [apply_for(1), with_code(opened, 2, "SPRING")])) == ["admitted", "admitted"]
    assert kinds(admit(opened.pk, [with_code(opened, 3, "WINTER")])) == ["code_invalid"]


def test_a_code_of_another_event_is_no_code(make_event: Make, admit: Admit, redis_client: Any) -> None:
    event, other = make_event(), make_event()
    give_codes(redis_client, other, "SPRING")
    assert kinds(admit(event.pk, [with_code(event, 1, "SPRING")])) == ["code_invalid"]
    give_codes(redis_client, event, "AUTUMN")
    stolen = with_code(other, 1, "SPRING")
    assert kinds(admit(event.pk, [stolen])) == ["code_invalid"]


@pytest.mark.parametrize("why", ["unknown", "used up", "revoked", "not open yet", "of another type"])
def test_whatever_is_wrong_with_a_code_is_said_in_the_same_words(
    why: str, make_event: Make, admit: Admit, redis_client: Any, servers: Services
) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 5), ticket_type("Balcony", 5)])
    floor, balcony = event.ticket_types.order_by("rank").values_list("pk", flat=True)
    terms = {"not open yet": {"opens_at": hours(1)}, "of another type": {"ticket_type_id": balcony}}.get(why, {})
    give_codes(redis_client, event, "SPRING", **terms)
    if why == "used up":
        assert kinds(admit(event.pk, [with_code(event, 1, "SPRING", type_id=floor)])) == ["admitted"]
    if why == "revoked":
        AccessCode.objects.filter(event=event).update(revoked_at=timezone.now(), revision=2)
        load(redis_client, event)
    code = "WINTER" if why == "unknown" else "SPRING"
    request = with_code(event, 2, code, type_id=floor, at="addrHERE")
    once = RateLimit(1, 3600)
    reply = with_gate(servers, lambda gate: gate.admit(event.pk, [request, request]), refusals=once)
    assert kinds(reply) == ["code_invalid", "refusals_limited"]


def test_refusals_come_in_the_contracts_order(make_event: Make, admit: Admit, redis_client: Any) -> None:
    over = {"registration_closes_at": hours(-0.5)}
    early = {"registration_opens_at": hours(1)}
    full = {"max_capacity": 1, "confirmed_count": 1}

    def answers(**fields: Any) -> list[str]:
        event = make_event(**fields)
        give_codes(redis_client, event, "SPRING", uses=5)
        return kinds(admit(event.pk, [apply_for(1), with_code(event, 2, "WRONG"), with_code(event, 3, "SPRING")]))

    assert answers(access="code", **over, **full) == ["closed"] * 3
    assert answers(access="code", paused_at=timezone.now(), **early) == ["paused"] * 3
    assert answers(access="code", **early, **full) == ["code_required", "code_invalid", "not_open"]
    assert answers(access="code", **full) == ["code_required", "code_invalid", "sold_out"]
    assert answers(**early) == ["not_open", "code_invalid", "not_open"]


def test_a_code_with_an_opening_of_its_own_lets_in_before_the_event_opens_and_not_before_itself(
    make_event: Make, admit: Admit, redis_client: Any
) -> None:
    event = make_event(registration_opens_at=hours(1), max_capacity=1, confirmed_count=0)
    give_codes(redis_client, event, "EARLY", opens_at=hours(-1), uses=3)
    give_codes(redis_client, event, "LATER", opens_at=hours(2))
    asked = [with_code(event, 1, "EARLY"), with_code(event, 2, "LATER"), apply_for(3)]
    assert kinds(admit(event.pk, asked)) == ["admitted", "code_invalid", "not_open"]
    Event.objects.filter(pk=event.pk).update(confirmed_count=1, version=event.version + 1)
    event.refresh_from_db()
    load(redis_client, event)
    assert kinds(admit(event.pk, [with_code(event, 4, "EARLY")])) == ["sold_out"]


def test_a_code_for_one_type_opens_that_type_alone(make_event: Make, admit: Admit, redis_client: Any) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 5), ticket_type("Balcony", 5)])
    floor, balcony = event.ticket_types.order_by("rank").values_list("pk", flat=True)
    give_codes(redis_client, event, "SPRING", ticket_type_id=balcony, uses=5)
    asked = [with_code(event, n, "SPRING", type_id=type_id) for n, type_id in enumerate((floor, balcony, 0))]
    assert kinds(admit(event.pk, asked)) == ["code_invalid", "admitted", "type_needed"]


def test_a_retry_counts_no_second_time_and_neither_does_a_ticket_that_the_queue_lost(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event(access="code")
    [code] = give_codes(redis_client, event, "SPRING", uses=1)
    request = with_code(event, 1, "SPRING")
    assert kinds(admit(event.pk, [request, request])) == ["admitted", "queued"]
    redis_client.delete(event_keys(event.pk).queue)
    # The use is still counted for the ticket, which its holder may have anew, and no one else may.
    assert kinds(admit(event.pk, [with_code(event, 2, "SPRING")])) == ["code_invalid"]
    AccessCode.objects.filter(pk=code).update(uses=2, revision=2)
    load(redis_client, event)
    assert kinds(admit(event.pk, [request])) == ["admitted"]
    assert queued(redis_client, event) == {code: 1}


def test_tickets_that_are_lost_give_their_codes_back_once(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event(access="code", max_quantity=2)
    [code] = give_codes(redis_client, event, "SPRING", uses=5)
    asked = [with_code(event, n, "SPRING", quantity=n) for n in (1, 2)]
    assert kinds(admit(event.pk, asked)) == ["admitted", "admitted"]
    redis_client.delete(event_keys(event.pk).queue)
    found = list(orphans(redis_client, event.pk))
    assert len(found) == 4  # two tickets and their e-mails, and not what counts them
    assert move_to_lost(redis_client, event.pk, found[:2]) + move_to_lost(redis_client, event.pk, found) == 2
    assert move_to_lost(redis_client, event.pk, found) == 0
    assert queued(redis_client, event) == {}
    assert not redis_client.exists(event_keys(event.pk).pending)
    assert kinds(admit(event.pk, [with_code(event, n, "SPRING", quantity=2) for n in (3, 4, 5)])) == [
        *("admitted", "admitted", "code_invalid")
    ]
    assert queued(redis_client, event) == {code: 4}


def test_an_event_whose_codes_redis_lacks_is_loaded_first(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    from events.admission.errors import EventNotLoaded

    event = make_event(access="code")
    with pytest.raises(EventNotLoaded):
        admit(event.pk, [apply_for(1)])
    load(redis_client, event)
    assert kinds(admit(event.pk, [apply_for(1), with_code(event, 2, "SPRING")])) == ["code_required", "code_invalid"]
    give_codes(None, event, "SPRING")
    put_snapshot(redis_client, event_snapshot(event))
    redis_client.delete(event_keys(event.pk).codes)
    with pytest.raises(EventNotLoaded):
        admit(event.pk, [with_code(event, 2, "SPRING")])


def test_an_older_copy_of_a_code_does_not_replace_a_newer_one(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    from events.admission.codes import load_codes
    from events.ledger.code_uses import all_codes

    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=1)
    old = all_codes(event.pk)
    assert kinds(admit(event.pk, [with_code(event, 1, "SPRING")])) == ["admitted"]
    drain.run(event.pk)
    load_codes(redis_client, event.pk, old)  # by a loader that has read it before the drain's commit
    assert (used(event), published(redis_client, event)) == ([1], [1])
    assert kinds(admit(event.pk, [with_code(event, 2, "SPRING")])) == ["code_invalid"]


def test_an_event_without_codes_has_nothing_of_them_in_redis(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event()
    assert kinds(admit(event.pk, [apply_for(1)])) == ["admitted"]
    drain.run(event.pk)
    assert not redis_client.exists(event_keys(event.pk).codes)
    assert Counter(field[:1] for field in redis_client.hkeys(event_keys(event.pk).pending))[b"k"] == 0
