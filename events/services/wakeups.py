"""Celery messages: "event 7 has work", "the outbox has something". They carry no registrations.

A lost, doubled or late message costs time and nothing else: the sweep finds events by the length of their queue, and
the deliver workers and mailers look at their outboxes by themselves. The Celery application is `omnify.celery`'s,
Celery's current one.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from celery import current_app
from django.conf import settings

from omnify.common.logs import get_logger

logger = get_logger(__name__)

DRAIN_TASK = "worker.tasks.drain"
DELIVER_TASK = "worker.tasks.deliver"
MAIL_TASK = "worker.tasks.mail"
WEBHOOKS = "webhooks"
MAIL = "mail"


def partition(event_id: int) -> str:
    """Returns an event's Celery queue: a stable hash, so that a hot event's partition can get its own workers."""
    return partitions()[crc32(str(event_id).encode()) % settings.ENV.partitions]


def partitions() -> list[str]:
    """Lists the Celery queues that all events are spread over."""
    return [f"registrations.{number}" for number in range(settings.ENV.partitions)]


def wake_drain(event_id: int) -> None:
    """Tells a drain worker that the event has work, if the broker can be reached. Blocks for its timeout otherwise."""
    try:
        send_wake_up(event_id)
    except Exception as problem:
        fields = {"event_id": event_id, "problem": type(problem).__name__}
        logger.throttled_warning("no wake-up sent; the sweep will", **fields)


def send_wake_up(event_id: int) -> None:
    """Does the same, and raises if it fails.

    Raises:
        kombu.exceptions.OperationalError: the broker is out of reach.
    """
    options: dict[str, Any] = {"queue": partition(event_id), "ignore_result": True, "retry": False}
    current_app.send_task(DRAIN_TASK, args=[event_id], **options)


def send_dispatcher_wakeup() -> None:
    """Tells a deliver worker that there are messages to send.

    Raises:
        kombu.exceptions.OperationalError: the broker is out of reach.
    """
    options: dict[str, Any] = {"queue": WEBHOOKS, "ignore_result": True, "retry": False}
    current_app.send_task(DELIVER_TASK, **options)


def send_mailer_wakeup() -> None:
    """Tells a mailer that there is a mail someone waits for; it looks every second without.

    Raises:
        kombu.exceptions.OperationalError: the broker is out of reach.
    """
    options: dict[str, Any] = {"queue": MAIL, "ignore_result": True, "retry": False}
    current_app.send_task(MAIL_TASK, **options)
