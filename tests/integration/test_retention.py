"""What is over its term goes by itself: deliver workers see to it, and say so."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.utils import timezone

from events.models import AuditEntry, Event, IdempotentAnswer, Registration
from omnify.common import replicas
from tests.support.in_process.api import attend, create, organizer
from tests.support.in_process.events import let_it_be_over
from tests.support.waiting import wait_until
from worker.retention import RetentionPeriods, anonymise_past_events, purge_until_stopped

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = 365


def past_event(*, days: int) -> Event:
    event = Event.objects.get(pk=create(organizer(f"of {days} days")))
    attend(event.pk, 2)
    let_it_be_over(event, days=days)
    return event


def named(event: Event) -> int:
    return Registration.objects.filter(event=event).exclude(name="").count()


def test_people_of_events_over_the_term_are_forgotten_and_no_others(redis_client: redis.Redis) -> None:
    old, recent = past_event(days=YEAR + 1), past_event(days=YEAR - 1)
    before = timezone.now() - timedelta(days=YEAR)
    assert anonymise_past_events(threading.Event(), redis_client, ended_before=before) == 1
    assert (named(old), named(recent)) == (0, 2)
    entry = AuditEntry.objects.get(action="people_forgotten")
    assert (entry.actor, entry.object_id, entry.organizer_id) == ("service", str(old.pk), old.organizer_id)
    assert anonymise_past_events(threading.Event(), redis_client, ended_before=before) == 0


def test_people_are_not_forgotten_before_the_replicas_have_forgotten_them(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of the tests has none, so it is away; the next pass tries again."""
    monkeypatch.setattr(replicas, "WAIT_MS", 20)
    old, before = past_event(days=YEAR + 1), timezone.now() - timedelta(days=YEAR)
    assert anonymise_past_events(threading.Event(), redis_client, ended_before=before, replicas=1) == 0
    assert named(old) == 2
    assert anonymise_past_events(threading.Event(), redis_client, ended_before=before) == 1


def test_the_thread_keeps_each_term_and_none_with_off(redis_client: redis.Redis) -> None:
    old = past_event(days=5000)
    for days in (100, 20):
        AuditEntry.objects.create(at=timezone.now() - timedelta(days=days), actor="operator", action="changed")
    for hours in (23, 25):
        IdempotentAnswer.objects.create(
            organizer=old.organizer, key_digest=f"{hours}", created_at=timezone.now() - timedelta(hours=hours)
        )
    stop = threading.Event()
    for retention_days, left in ((None, 2), (YEAR, 0)):
        terms = RetentionPeriods(webhook_log_days=30, audit_days=90, retention_days=retention_days)
        thread = threading.Thread(
            target=purge_until_stopped, args=(stop,), kwargs={"periods": terms, "client": redis_client}
        )
        thread.start()
        wait_until(lambda: AuditEntry.objects.filter(action="changed").count() == 1, "the old entry is gone")
        wait_until(lambda left=left: named(old) == left, "people are as they should be")
        stop.set()
        thread.join(timeout=100)
        assert not thread.is_alive()
        assert named(old) == left
        kept = list(IdempotentAnswer.objects.values_list("key_digest", flat=True))
        # Answers may name people, and go with them.
        assert kept == (["23"] if left else [])
        stop.clear()


def test_a_store_that_is_away_stops_nothing(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    old = past_event(days=YEAR + 1)
    away = redis.Redis(port=1)
    stop = threading.Event()
    monkeypatch.setattr("worker.retention.INTERVAL_SECONDS", 0.01)
    terms = RetentionPeriods(webhook_log_days=30, audit_days=90, retention_days=YEAR)
    thread = threading.Thread(target=purge_until_stopped, args=(stop,), kwargs={"periods": terms, "client": away})
    thread.start()
    AuditEntry.objects.create(at=timezone.now() - timedelta(days=100), actor="operator", action="changed")
    wait_until(lambda: not AuditEntry.objects.filter(action="changed").exists(), "the old entry is gone")
    stop.set()
    thread.join(timeout=100)
    assert named(old) == 2
    connection.close()
