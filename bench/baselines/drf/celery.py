"""Celery as it comes: one message per registration on the same fsync-always Redis, no results."""

from __future__ import annotations

import os

from celery import Celery

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.baselines.drf.settings"

app = Celery("bench", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_default_queue="bench.task",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task(name="bench.register")
def register_task(event_id: int, name: str, email: str) -> None:
    """(b)'s transaction, outside the request."""
    from bench.baselines.drf.registering import register

    register(event_id, name, email)


app.set_default()
