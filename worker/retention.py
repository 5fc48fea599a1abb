"""Deletes what is past its retention period, in a thread of every dispatcher worker. Several at once are harmless.

Deliveries and the event log are deleted after `WEBHOOK_LOG_DAYS`, mails after `MAIL_LOG_DAYS`, entries of the audit
trail after `AUDIT_DAYS`, answers to organizers' POSTs after a day; registrations of past events are anonymised after
`RETENTION_DAYS`. A step that fails does not stop the others; the next pass retries it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import redis
from django.db import DatabaseError, InterfaceError, connection
from redis.exceptions import RedisError

from events.admission.erasure import delete_event_keys, is_replicated
from events.domain.audit import Action, Actor, ActorKind
from events.ledger import audit, idempotency, retention, traces
from events.ledger.mail import resends
from events.ledger.mail.claims import purge_mails
from events.ledger.queries import find_event
from events.ledger.webhooks import claims, log
from events.services.audit import audit_object_of
from omnify.common import mail_files
from omnify.common.logs import get_logger

logger = get_logger(__name__)

INTERVAL_SECONDS = 600.0
# One statement's worth, well within the statement timeout.
CHUNK = 5000
REST_SECONDS = 0.2
_SERVICE = Actor(kind=ActorKind.SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPeriods:
    """How long data is kept, in days. With `retention_days` None, registrations are never anonymised.

    `mail_folder` is where mails are kept as files, if they are.
    """

    webhook_log_days: int
    mail_log_days: int = 30
    mail_folder: Path | None = None
    audit_days: int
    retention_days: int | None


def purge_until_stopped(
    stop: threading.Event, *, periods: RetentionPeriods, client: redis.Redis, replicas: int = 0
) -> None:
    """Deletes and anonymises every `INTERVAL_SECONDS`, until `stop` is set. `replicas` must have a deletion, too."""
    while not stop.is_set():
        _try("old deliveries", partial(_purge_deliveries, stop, _ago(periods.webhook_log_days)))
        _try("old batches of the event log", partial(_purge_batches, stop, _ago(periods.webhook_log_days)))
        _try("old mails", partial(_purge_mails, stop, _ago(periods.mail_log_days)))
        if periods.mail_folder is not None:
            _try(
                "old files of mails", partial(mail_files.remove_older, periods.mail_folder, days=periods.mail_log_days)
            )
        _try("old audit entries", partial(audit.purge_entries, before=_ago(periods.audit_days)))
        before = datetime.now(UTC) - idempotency.KEPT_FOR
        _try("wishes for tickets", partial(resends.purge_wishes, now=datetime.now(UTC)))
        _try("old answers to organizers", partial(idempotency.purge_answers, before=before))
        _try("traces of tickets", partial(traces.purge_traces, now=datetime.now(UTC)))
        if periods.retention_days is not None:
            _try(
                "people of past events",
                partial(
                    anonymise_past_events,
                    stop,
                    client,
                    ended_before=_ago(periods.retention_days),
                    mail_folder=periods.mail_folder,
                    replicas=replicas,
                ),
            )
        stop.wait(INTERVAL_SECONDS)


def _ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _try(what: str, purge: Callable[[], object]) -> None:
    try:
        purge()
    except (DatabaseError, InterfaceError, RedisError, OSError) as problem:
        logger.warning(f"{what} were not removed", problem=type(problem).__name__)
    finally:
        connection.close()


def _purge_deliveries(stop: threading.Event, before: datetime) -> None:
    while claims.purge_deliveries(before=before, limit=CHUNK) and not stop.wait(REST_SECONDS):
        pass


def _purge_batches(stop: threading.Event, before: datetime) -> None:
    while log.purge_batches(before=before, limit=CHUNK) and not stop.wait(REST_SECONDS):
        pass


def _purge_mails(stop: threading.Event, before: datetime) -> None:
    while purge_mails(before=before, limit=CHUNK) and not stop.wait(REST_SECONDS):
        pass


def anonymise_past_events(
    stop: threading.Event,
    client: redis.Redis,
    *,
    ended_before: datetime,
    replicas: int = 0,
    mail_folder: Path | None = None,
) -> int:
    """Anonymises events that ended before `ended_before`, as `manage.py forget` does. Returns how many events."""
    anonymised = 0
    for event in retention.past_events(ended_before=ended_before):
        if stop.is_set():
            break
        try:
            deleted = delete_event_keys(client, event.event_id)
            deleted = deleted and is_replicated(client, event.event_id, replicas=replicas)
        except RedisError as problem:
            fields = {"event_id": event.event_id, "problem": type(problem).__name__}
            logger.warning("people of a past event were not removed", **fields)
            continue
        # False: the event still has a queue, or a replica may have all that was deleted. The next pass tries again.
        if deleted:
            if mail_folder is not None:
                mail_files.remove_of_event(mail_folder, event.event_id)
            _anonymise(event.event_id)
            anonymised += 1
    return anonymised


def _anonymise(event_id: int) -> None:
    row = find_event(event_id=event_id)
    if row is not None:
        # Before it is done: after a crash, two entries are better than none.
        audit.add_entry(_SERVICE, Action.PEOPLE_FORGOTTEN, audit_object_of(row))
    rows = retention.anonymise_event(event_id, now=datetime.now(UTC))
    logger.info("people of a past event forgotten", event_id=event_id, registrations=rows)
