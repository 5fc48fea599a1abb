"""Forgets what is old: a thread of every deliver worker. Several at once only find less to do.

Deliveries go after `WEBHOOK_LOG_DAYS`, the audit trail's entries after `AUDIT_DAYS`, and the people of past events
after `RETENTION_DAYS`. What fails is tried again the next time, and keeps nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import redis
from django.db import DatabaseError, InterfaceError, connection
from redis.exceptions import RedisError

from events.admission.erasure import delete_event_keys
from events.domain.audit import Action, Actor, ActorKind
from events.ledger import audit, retention
from events.ledger.queries import find_event
from events.ledger.webhooks import claims
from events.services.audit import audit_object_of
from omnify.common.logs import get_logger

logger = get_logger(__name__)

INTERVAL_SECONDS = 600.0
# One statement's worth, well within the statement timeout.
CHUNK = 5000
REST_SECONDS = 0.2
_SERVICE = Actor(kind=ActorKind.SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long things are kept, in days. People are kept for good with None."""

    webhook_log_days: int
    audit_days: int
    retention_days: int | None


def purge_until_stopped(stop: threading.Event, *, terms: Terms, client: redis.Redis) -> None:
    """Removes what is over its term, until `stop` is set."""
    while not stop.is_set():
        _try("old deliveries", partial(_purge_deliveries, stop, _ago(terms.webhook_log_days)))
        _try("old audit entries", partial(audit.purge, before=_ago(terms.audit_days)))
        if terms.retention_days is not None:
            _try(
                "people of past events",
                partial(anonymise_past_events, stop, client, ended_before=_ago(terms.retention_days)),
            )
        stop.wait(INTERVAL_SECONDS)


def _ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _try(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except (DatabaseError, InterfaceError, RedisError) as problem:
        logger.warning(f"{what} were not removed", problem=type(problem).__name__)
    finally:
        connection.close()


def _purge_deliveries(stop: threading.Event, before: datetime) -> None:
    while claims.purge(before=before, limit=CHUNK) and not stop.wait(REST_SECONDS):
        pass


def anonymise_past_events(stop: threading.Event, client: redis.Redis, *, ended_before: datetime) -> int:
    """What `manage.py forget` does to past events, but for the stores' files. Returns how many events."""
    forgotten = 0
    for event in retention.past_events(ended_before=ended_before):
        if stop.is_set():
            break
        # One that still has a queue comes again.
        if delete_event_keys(client, event.event_id):
            _forget_event(event.event_id)
            forgotten += 1
    return forgotten


def _forget_event(event_id: int) -> None:
    row = find_event(event_id=event_id)
    if row is not None:
        # First: of two lines about it and none, two are better.
        audit.record(_SERVICE, Action.PEOPLE_FORGOTTEN, audit_object_of(row))
    rows = retention.anonymise_event(event_id, now=datetime.now(UTC))
    logger.info("people of a past event forgotten", event_id=event_id, registrations=rows)
