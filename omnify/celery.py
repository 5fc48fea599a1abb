"""The Celery application. It carries wake-ups ("event 7 has work"), never registrations.

A lost, doubled or late wake-up costs time and nothing else: the queue itself is the event's stream, and the sweep
finds work that no message announced. So messages are acknowledged early and results are not kept.
"""

from __future__ import annotations

import json
import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnify.settings")
# Celery would have every worker run Django's checks, which import the API and its documentation: a quarter of the time
# that a worker takes to start. `manage.py migrate` and `manage.py check` run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from django.conf import settings

from events.services.wakeups import MAIL, WEBHOOKS, partitions
from omnify.common.broker_url import read_broker_url
from omnify.common.log_floods import capture_the_rest
from omnify.common.stray_output import write_from_signal_handler

_broker = read_broker_url(settings.ENV.broker_url)

app = Celery("omnify", set_as_current=True)
app.conf.update(
    broker_url=_broker.url,
    # Celery would otherwise read CELERY_BROKER_URL itself, which may be in a form that only we understand.
    broker_read_url=_broker.url,
    broker_write_url=_broker.url,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=_broker.options,
    **({"broker_use_ssl": _broker.tls} if _broker.tls else {}),
    # Messages are acknowledged by being read (no_ack): losing one costs time and nothing else. If an acknowledgement
    # fails because the broker has just died, kombu swallows the error and the worker neither reads nor reconnects.
    task_queues=[
        *(Queue(name, Exchange("registrations"), routing_key=name, no_ack=True) for name in partitions()),
        *(Queue(name, Exchange(name), routing_key=name, no_ack=True) for name in (WEBHOOKS, MAIL)),
    ],
    task_default_queue="registrations.0",
    task_create_missing_queues=False,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
)
# Celery would close the database's connection after every task, and a drain that has none might not get one.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000
app.autodiscover_tasks(["worker"])


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Keeps Celery from configuring logging: it does so unless this signal has a receiver."""


@celeryd_init.connect
def log_from_the_start(**_: Any) -> None:
    """Configures logging before a worker logs its first line, such as a warning that it runs as root."""
    from celery.apps import worker

    dictConfig(settings.LOGGING)
    capture_the_rest()
    # Celery prints its last messages from a signal handler, where `logging` could wait for a lock that is held.
    worker.safe_say = _say  # type: ignore[attr-defined]


def _say(text: str, *_: Any) -> None:
    line = {"level": "INFO", "logger": "celery", "message": text.strip(), "pid": os.getpid()}
    write_from_signal_handler(json.dumps(line).encode() + b"\n")
