"""The workers' Celery tasks, and the threads that run beside them, depending on the queues a worker consumes.

Celery's redelivery, retries and results are not used: what is to be done is in Redis (queues) and in the outbox.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from django.db import close_old_connections, connection

from events.admission import heartbeat
from events.admission.heartbeat import Duty
from events.admission.keys import LEASE_TTL_MS
from events.admission.queue import Lease, Queue
from events.secrets import tickets
from events.services.deliveries import wake_dispatchers
from events.services.republish import republish_leased
from events.services.wakeups import DELIVER_TASK, DRAIN_TASK, MAIL, MAIL_TASK, WEBHOOKS, send_wake_up, wake_drain
from omnify.common.clients import redis_client
from omnify.common.email_url import Way
from omnify.common.gc_tuning import freeze_gc
from omnify.common.logs import get_logger
from worker import traces
from worker.beacon import round_reader
from worker.drain import Drain, Drained
from worker.draws import Drawer
from worker.duties import WORKER_NAME, duties
from worker.expiries import Expirer
from worker.failpoints import Failpoint, hit
from worker.retention import RetentionPeriods, purge_until_stopped
from worker.store_checks import check_database, check_redis
from worker.sweep import Sweep
from worker.unfounded import take_back

logger = get_logger(__name__)
_stop = threading.Event()
# Of the parts that take a moment to stop.
_stops: list[Callable[[], None]] = []


def _checkpoint(failpoint: Failpoint) -> None:
    hit(failpoint, folder=settings.ENV.fault_dir)


@cache
def queue() -> Queue:
    """Returns the process's access to the events' queues."""
    env = settings.ENV
    return Queue(redis_client(), lease_ms=LEASE_TTL_MS // env.haste, replicas=env.queue_replicas)


@shared_task(name=DRAIN_TASK, ignore_result=True, acks_late=False)
def drain(event_id: int) -> str:
    """Drains an event's queue for one time slice. If work is left, the event queues up behind the others."""
    close_old_connections()
    work = Drain(
        queue=queue(),
        digest=tickets().email_digest,
        take_back=_take_back,
        republish=_republish,
        wake_dispatchers=wake_dispatchers,
        checkpoint=_checkpoint,
        pipeline=traces.pipeline(),
    )
    result = work.run(event_id)
    if result is Drained.MORE:
        wake_drain(event_id)
    return result.value


def _take_back(event_id: int) -> None:
    take_back(queue(), redis_client(), event_id, digest=tickets().email_digest, wake=wake_drain)


def _republish(lease: Lease) -> None:
    republish_leased(queue(), redis_client(), lease, digest=tickets().email_digest)


@shared_task(name=DELIVER_TASK, ignore_result=True, acks_late=False)
def deliver() -> None:
    """Wakes the dispatcher: the outbox has something to send."""
    from worker.webhooks.process import dispatcher

    heartbeat.clear_dispatcher_wakeup(redis_client())
    dispatcher().wake()


@shared_task(name=MAIL_TASK, ignore_result=True, acks_late=False)
def mail() -> None:
    """Wakes the mailer: someone waits for a mail."""
    from worker.mail.process import mailer

    mailer().wake()


@worker_ready.connect
def start_threads(sender: Any, **_: Any) -> None:
    """Starts the threads that belong to the queues this worker consumes; where one cannot start, the process ends."""
    try:
        _start_threads(set(sender.app.amqp.queues.consume_from))
    except Exception as problem:
        # Celery would go on: a worker that seems to be at work, and lacks what finds lost work, or sends.
        logger.error("a thread of this worker cannot start; this process ends", problem=type(problem).__name__)
        raise SystemExit(1) from problem


def _start_threads(queues: set[str]) -> None:
    check_database(standby_expected=settings.STANDBY_EXPECTED)
    traces.traces()
    freeze_gc()
    if WEBHOOKS in queues:
        _start_dispatcher()
        options = {"periods": _retention_periods(), "replicas": settings.ENV.queue_replicas}
        _start_thread("retention", purge_until_stopped, _stop, client=redis_client(), **options)
    if queues == {MAIL}:
        # What is decided matters more than when it is mailed: on a machine that is busy, mail waits.
        os.nice(19)
    if MAIL in queues and settings.ENV.sends_mail:
        _start_mailer()
    if queues - {WEBHOOKS, MAIL}:
        _start_sweep()
    _start_thread("duties", duties().run, _stop)


def _retention_periods() -> RetentionPeriods:
    env = settings.ENV
    return RetentionPeriods(
        webhook_log_days=env.webhook_log_days,
        mail_log_days=env.mail_log_days,
        mail_folder=env.mail_folder if env.email_url.way is Way.FILES else None,
        audit_days=env.audit_days,
        retention_days=env.retention_days,
    )


def _start_dispatcher() -> None:
    # A worker that only drains does without the HTTP client: a third of the time that it takes to start.
    from worker.webhooks.process import dispatcher

    dispatcher().start()
    _stops.append(dispatcher().stop)


def _start_mailer() -> None:
    # As above: a drain does without what mail needs.
    from worker.mail.process import mailer

    try:
        mailer().start()
    except ValueError as problem:
        logger.error("the mailer cannot start; this process ends", problem=f"EMAIL_URL: {problem}")
        raise SystemExit(1) from problem
    _stops.append(mailer().stop)


def _start_sweep() -> None:
    check_redis(redis_client(), replicas=settings.ENV.queue_replicas)
    _keep_the_connection()
    done = duties().noter
    stores: dict[str, Any] = {"client": redis_client(), "wake": send_wake_up}
    sweep = Sweep(**stores, queue=queue(), digest=tickets().email_digest, worker=WORKER_NAME, done=done(Duty.SWEEP))
    _start_thread("sweep", sweep.run, _stop)
    expirer = Expirer(**stores, worker=WORKER_NAME, done=done(Duty.EXPIRIES))
    _start_thread("expiries", expirer.run, _stop)
    read_round = round_reader(settings.ENV.drand_url)
    drawer = Drawer(**stores, queue=queue(), read_round=read_round, done=done(Duty.DRAWS))
    _start_thread("draws", drawer.run, _stop)


def _start_thread(name: str, target: Callable[..., None], *args: Any, **options: Any) -> None:
    threading.Thread(target=target, args=args, kwargs=options, name=name, daemon=True).start()


def _keep_the_connection() -> None:
    """Keeps the database connection open between tasks: for a single ticket, logging in would be most of the work."""
    connection.settings_dict["CONN_MAX_AGE"] = None
    connection.settings_dict["CONN_HEALTH_CHECKS"] = True


@worker_shutdown.connect
def stop_threads(**_: Any) -> None:
    """Stops the dispatcher, and removes this worker from the health check at once."""
    _stop.set()
    for stop in _stops:
        stop()
    traces.close()
    try:
        heartbeat.leave(redis_client(), WORKER_NAME)
    except Exception as problem:
        logger.warning("left without saying so", problem=type(problem).__name__)
